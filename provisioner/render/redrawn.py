"""Lines that are shown again and again: on a terminal in the same place, elsewhere one block after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from provisioner.render.text import STYLES, date, say, visible

Draw = Callable[[Sequence[str]], None]


@contextmanager
def redrawn(stream: TextIO) -> Iterator[Draw]:
    """Yield what draws lines on a terminal in the place of those before; the last ones stay."""
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
    """Yield what writes lines below those before; `dated` if a line with the moment and a blank one divide them."""

    def draw(lines: Sequence[str]) -> None:
        say([date(time.time()), *lines, ""] if dated else lines, stream)

    yield draw


def _style(line: str) -> str:
    # what is as it should be is not faint: nothing else may be there to be read
    return "" if line.startswith("=") else STYLES.get(line[:1], "")
