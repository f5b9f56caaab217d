"""Lines that are shown again and again: on a terminal in the same place, else one block after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from provisioner.render.text import STYLES, date, say, visible

Draw = Callable[[Sequence[str]], None]


@contextmanager
def redrawn(stream: TextIO) -> Iterator[Draw]:
    """Yield a function that draws lines on a terminal over the previous ones; the last ones stay."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def draw(lines: Sequence[str]) -> None:
            shown = (Text(visible(line), _style(line), no_wrap=True) for line in lines)
            live.update(Group(*shown), refresh=True)

        yield draw


@contextmanager
def blocks(stream: TextIO, *, dated: bool) -> Iterator[Draw]:
    """Yield a function that writes lines below the previous ones; `dated` adds the time and a blank line."""

    def draw(lines: Sequence[str]) -> None:
        say([date(time.time()), *lines, ""] if dated else lines, stream)

    yield draw


def _style(line: str) -> str:
    # lines that begin with `=` are not dimmed here: they may be the only ones
    return "" if line.startswith("=") else STYLES.get(line[:1], "")
