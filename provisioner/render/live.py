"""The live view on a terminal: steps in progress with their resources and waits, failures, the newest results."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, TextIO

from provisioner.engine.words import names
from provisioner.render import cost
from provisioner.render.plain import below, reason
from provisioner.render.progress import Active, Progress
from provisioner.render.text import (
    STYLES,
    SYMBOLS,
    cells,
    cut,
    duration,
    side_by_side,
    tell,
    unicode,
    visible,
    word,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

HEIGHT = 24
"""The most lines that are drawn."""
FAILURES, NOTICES = 5, 2
QUIET = frozenset({"unchanged", "retained"})
"""Results that the summary names."""
NAMED, FEW = 6, 3
"""The most addresses that one line names; and the most if they were created or deleted, since these may be many."""
BAR = 24
TYPED = "^C"
"""The echo of Ctrl-C behind the last line: beyond the terminal's columns it would begin a new line, which stays."""
LINES = 3
"""The most lines for the reason of a wait, if there is room."""


def draw(progress: Progress, width: int = 80, height: int = HEIGHT, mark: str = "…") -> list[str]:
    """Return the lines to show now, none longer than the width and no more than the height.

    Args:
        mark: the mark at the end of a cut line.
    """
    now = progress.clock()
    failures = [f"{SYMBOLS['failed']} {f.address} failed{reason(f.error)}" for f in progress.failed[:FAILURES]]
    if len(progress.failed) > FAILURES:
        failures.append(f"{SYMBOLS['failed']} and {len(progress.failed) - FAILURES} more failed")
    newest = [
        f"{SYMBOLS[done.result]} {done.address} {word(done.result)} {duration(done.seconds)}"
        for done in progress.newest
    ]
    notices = [f"i {text}" for text in progress.notices[-NOTICES:]]
    top = [*_head(progress, width), *_standing(progress, width)]
    room = min(height, HEIGHT) - len(top) - len(failures) - len(newest) - len(notices)
    lines = top + _tree(list(progress.active.values()), now, width, room, mark) + notices + failures + newest
    return [cut(line, width, mark) for line in lines[: min(height, HEIGHT)]]


def closing(progress: Progress) -> list[str]:
    """Return the lines that stay on the screen after the run: all notices, and the results of each step.

    No lines stay after an interrupted run: the summary has its result and the unfinished resources in a few lines.
    """
    if progress.interrupted:
        return []
    lines = [f"note: {below(text)}" for text in progress.notices]
    done = [item for item in progress.results if item.result not in QUIET]
    for step, result in dict.fromkeys((item.step, item.result) for item in done):
        addresses = sorted(item.address for item in done if (item.step, item.result) == (step, result))
        shown = f"{len(addresses)} {word(result)}"
        shown += f": {names(addresses, NAMED)}" if result not in {"created", "deleted"} or len(addresses) <= FEW else ""
        lines.append(f"{SYMBOLS[result]} {step or '(no step)'}: {shown}")
    for step, left in progress.unfinished.items():
        shown = f"{len(left)} not finished: {names(sorted(left), NAMED)}"
        lines.append(f"{SYMBOLS['waiting']} {step or '(no step)'}: {shown}")
    return lines


def _head(progress: Progress, width: int) -> list[str]:
    """Return the run and its time so far in one line; without room for all, the Region is left out first."""
    run, time = progress.run, duration(progress.elapsed)
    if run is None:
        return [f"reading live resources from AWS  {time}"]
    what = f"{run.command} {run.stack}"
    for more in ([f"account {run.account}", run.region], [f"account {run.account}"]):
        lines = side_by_side([what, *more, time], width, 2)
        if len(lines) == 1:
            return lines
    return side_by_side([what, time], width, 1)


def _standing(progress: Progress, width: int) -> list[str]:
    """Return the progress, the time left, the results and the cost in two lines; the cost is left out first."""
    total = progress.run.total if progress.run else 0
    size = max(min(BAR, width - 2 * len(str(total)) - 4), 0)
    filled = size * progress.done // total if total else 0
    bar = f"[{'#' * filled}{'.' * (size - filled)}] {progress.done}/{total}"
    left, why = progress.left
    counts = [f"{number} {word(result)}" for result, number in sorted(progress.counts.items()) if number]
    failed = [f"{len(progress.failed)} failed"] if progress.failed else []
    together = f"{left}, {why}" if why and cells(f"{bar}  {left}, {why}") <= width else left
    return side_by_side([bar, together, *failed, *counts, cost.monthly(progress.cost)], width, 2)


def _tree(active: list[Active], now: float, width: int, room: int, mark: str) -> list[str]:
    """Return the steps in progress, each with its resources below it, the longest running first."""
    active.sort(key=lambda resource: resource.since)
    first = {step: position for position, step in reversed(list(enumerate(resource.step for resource in active)))}
    active.sort(key=lambda resource: first[resource.step])
    name = max((len(resource.address) for resource in active), default=0)
    spare = room - len(active) - len(first)
    blocks = []
    for step, resources in groupby(active, key=lambda resource: resource.step):
        blocks.append((0, [f"  {step or 'other'}"]))
        for resource in resources:
            shown = _resource(resource, name, now, width, min(LINES, 1 + max(spare, 0)), mark)
            spare -= len(shown) - 1
            blocks.append((1, shown))
    lines = [line for _, block in blocks for line in block]
    if len(lines) <= room:
        return lines
    kept: list[str] = []
    hidden = 0
    for resources_in_it, block in blocks:
        if hidden or len(kept) + len(block) > max(room - 1, 0):
            hidden += resources_in_it
        else:
            kept += block
    return [*kept, f"  and {hidden} more in progress"]


def _resource(resource: Active, name: int, now: float, width: int, most: int, mark: str) -> list[str]:
    """Return the work on a resource and its time so far, in so many lines at most: reasons of tasks are long."""
    time = duration(now - resource.since)
    text = f"    {resource.address.ljust(name)}  {resource.what}"
    room = max(width - len(time) - 2, 20)
    if most == 1 or cells(text) <= room:
        return [f"{cut(text, width - len(time) - 2, mark)}  {time}"]
    line = visible(" ".join(text.splitlines()))
    first, *rest = textwrap.wrap(line, room, subsequent_indent="      ", max_lines=most, placeholder=mark)
    return [f"{first}  {time}", *rest]


@contextmanager
def shown(progress: Progress, stream: TextIO) -> Iterator[None]:
    """Draw the run on the stream's terminal while the context lasts; the closing lines stay."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream, highlight=False)

    def render() -> RenderableType:
        with progress.lock:
            # One line less than the terminal has, since the cursor stands below the last.
            lines = draw(progress, max(console.width - len(TYPED), 1), max(console.height - 1, 1), mark)
        first = Text(lines[0], "bold")
        return Group(first, *(Text(line, STYLES.get(line[:1], ""), no_wrap=True) for line in lines[1:]))

    mark = "…" if unicode(stream) else "..."
    with Live(get_renderable=render, console=console, refresh_per_second=8, transient=True):
        yield
    with progress.lock:
        tell(closing(progress), stream)
