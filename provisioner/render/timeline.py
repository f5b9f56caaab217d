"""Time of a run as bars of characters, by step; and common parts of all drawings of bars."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from provisioner.engine.timeline import Segment, by_step, called_of, critical_path, end_of
from provisioner.engine.words import count
from provisioner.render.text import duration, table, visible

if TYPE_CHECKING:
    from provisioner.state.model import Run, Span

MOST = 40
"""The most resources with a bar of their own, besides the critical path."""
SHORT = 0.02
"""The least share of a run's time with which a resource gets a bar; the critical path always has bars."""
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Seconds that may lie between two marks of the axis."""
NAME, BAR, TIME = 36, 20, 16
"""Characters: the most for a name, the fewest for a bar, and the number for the time behind it."""
LEGEND = "# critical path   = API call   - until ready or deleted"


@dataclass(frozen=True)
class Group:
    """A step in a drawing: all its resources, and the resources that have a bar of their own."""

    step: str
    spans: Sequence[Span]
    shown: Sequence[Span]

    @property
    def label(self) -> str:
        """The step's name, and the number of its resources without a bar."""
        shorter = len(self.spans) - len(self.shown)
        return (self.step or "(no step)") + (f", {shorter} shorter" if shorter else "")


def length(run: Run) -> float:
    """Return the seconds that a drawing has to cover; never zero."""
    return max(0.01, run.seconds, *(end_of(span, run.seconds) for span in run.timeline))


def groups(run: Run, path: Sequence[Segment]) -> list[Group]:
    """Return the steps to draw: all resources of the critical path, and the longest others."""
    seconds, whole = run.seconds, length(run)
    longest = sorted(run.timeline, key=lambda span: (span.began - end_of(span, seconds), span.began, span.address))
    shown = {span.address for span in longest[:MOST] if end_of(span, seconds) - span.began >= SHORT * whole}
    shown |= {segment.address for segment in path}
    return [
        Group(step, spans, [span for span in spans if span.address in shown])
        for step, spans in by_step(run.timeline).items()
    ]


def title(run: Run, stack: str) -> str:
    """Return the title of a run: the command, the time, and the result."""
    try:
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.started))
    except (OverflowError, OSError, ValueError):
        when = "at an invalid time"
    ended = "" if run.result == "ok" else f", {run.result}"
    what = f"{count(len(run.timeline), 'resource')} in {duration(run.seconds)}{ended}"
    return f"provision {run.command} of {stack}, {when}: {what}"


def path_words(path: Sequence[Segment], seconds: float) -> str:
    """Return the critical path's share of a run's seconds: the rest is reading, before and after."""
    long = sum(segment.end - segment.start for segment in path)
    return f"critical path: {count(len(path), 'resource')}, {duration(long)} of {duration(seconds)}"


def took(span: Span, seconds: float) -> str:
    """Return the time of a resource in a run of so many seconds, and its result if it was not finished."""
    words = duration(end_of(span, seconds) - span.began)
    return f"{words} {span.result}" if span.result in {"failed", "unfinished"} else words


def short(text: str, most: int) -> str:
    """Return a name in at most so many characters."""
    text = visible(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def ticks(whole: float, most: int) -> list[int]:
    """Return at most so many seconds to mark on an axis."""
    step = next((step for step in TICKS if whole / step < most), int(whole) // most + 1)
    return list(range(0, int(whole) + 1, step))


def tick_label(seconds: int) -> str:
    """Return the label at a mark of the axis: `30 s`, `5 min`."""
    return f"{seconds // 60} min" if seconds and seconds % 60 == 0 else f"{seconds} s"


def document(run: Run, stack: str) -> dict[str, Any]:
    """Return the timeline as one JSON document."""
    path = critical_path(run.timeline, run.seconds)
    return {
        "stack": stack,
        "command": run.command,
        "started": run.started,
        "seconds": run.seconds,
        "result": run.result,
        "resources": [asdict(span) for span in run.timeline],
        "path": [asdict(segment) for segment in path],
    }


def lines(run: Run, stack: str, width: int) -> list[str]:
    """Return the timeline for a person, on lines of so many characters (more, if they are too few for a bar)."""
    path = critical_path(run.timeline, run.seconds)
    parts, found = {(segment.address, segment.start): segment for segment in path}, groups(run, path)
    labels = [group.label for group in found] + [f"  {span.address}" for group in found for span in group.shown]
    name = min(NAME, max(map(len, labels)))
    bar = max(BAR, width - 2 - name - 2 - TIME)
    whole = length(run)
    body = [f"  {'':{name}}  {_axis(whole, bar)}"]
    for group in found:
        body.append(f"  {short(group.label, name)}")
        for span in group.shown:
            segment = parts.get((span.address, span.began))
            mark = "*" if segment else " "
            drawn = _bar(span, segment, run.seconds, whole, bar)
            body.append(f"{mark} {short(f'  {span.address}', name):{name}}  {drawn}  {took(span, run.seconds)}")
    chain = table((f"* {s.address}", f"from {duration(s.start)}", duration(s.end - s.start)) for s in path)
    return [title(run, stack), LEGEND, "", *body, "", path_words(path, run.seconds), *chain]


def _axis(whole: float, bar: int) -> str:
    text = ""
    for tick in ticks(whole, max(2, bar // 12)):
        text = text.ljust(round(tick / whole * bar)) + f"|{tick_label(tick)}"
    return text


def _bar(span: Span, segment: Segment | None, seconds: float, whole: float, width: int) -> str:
    end = end_of(span, seconds)
    cells = [" "] * width
    parts = [(span.began, end, "-"), (span.began, called_of(span, seconds), "=")]
    parts += [(segment.start, segment.end, "#")] if segment else []
    for start, stop, character in parts:
        first = min(int(start / whole * width), width - 1)
        last = max(int(stop / whole * width), first + 1)
        cells[first:last] = character * (last - first)
    return "".join(cells)
