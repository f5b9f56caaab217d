"""Time of a run as a picture: an SVG without references to other files, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from provisioner.engine.timeline import Segment, called_of, critical_path, end_of
from provisioner.render.text import visible
from provisioner.render.timeline import Group, groups, length, path_words, short, tick_label, ticks, title, took

if TYPE_CHECKING:
    from provisioner.state.model import Run, Span

WIDTH, NAMES, BARS = 960, 260, 600
"""Pixels: the whole width, the names on the left, and the bars; the rest is room for a time."""
TOP, ROW, THICK = 86, 16, 9
"""Pixels: above the first row, from one row to the next, and the height of a bar."""
MARKS = 10
"""The most marks of the axis."""
LETTERS = 36
"""The most letters of a name that are shown."""

STYLE = """
  svg { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2937 }
  .paper { fill: #ffffff } .grid { stroke: #e5e7eb } .extent { stroke: #d1d5db } .small { fill: #6b7280 }
  .title { font-size: 14px; font-weight: bold } .step { font-weight: bold }
  .call { fill: #475569 } .wait { fill: #b6c2d1 }
  .call.path { fill: #9a3412 } .wait.path { fill: #f97316 } .link { stroke: #f97316; stroke-width: 1.5 }
  .ended { fill: #b91c1c; font-weight: bold }
  @media (prefers-color-scheme: dark) {
    svg { fill: #e5e7eb } .paper { fill: #111827 } .grid { stroke: #273244 } .extent { stroke: #475569 }
    .small { fill: #9ca3af } .call { fill: #cbd5e1 } .wait { fill: #4b5b70 }
    .call.path { fill: #fed7aa } .wait.path { fill: #f97316 } .ended { fill: #f87171 }
  }
"""


def picture(run: Run, stack: str) -> str:
    """Return the SVG: a bar for each resource by step, the critical path in its own colour, seconds below the title."""
    path = critical_path(run.timeline, run.seconds)
    found = groups(run, path)
    rows = sum(1 + len(group.shown) for group in found)
    height = TOP + rows * ROW + 14
    name = escape(visible(title(run, stack)))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
            f"<title>{name}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>',
            _text(16, 26, title(run, stack), "title"),
            *_legend(path_words(path, run.seconds)),
            *_axis(length(run), height),
            *_rows(run, found, path),
            "</svg>\n",
        ]
    )


def _legend(path: str) -> Iterator[str]:
    x = 16
    for classes, words in (
        (("call",), "API call"),
        (("wait",), "until ready or deleted"),
        (("call path", "wait path"), path),
    ):
        for place, name in enumerate(classes):
            yield _bar(x + place * 12, 38, 12, name)
        x += 12 * len(classes) + 6
        yield _text(x, 46, words, "small")
        x += 7 * len(words) + 18


def _axis(whole: float, height: int) -> Iterator[str]:
    for tick in ticks(whole, MARKS):
        x = _x(tick, whole)
        yield f'<line class="grid" x1="{x:.1f}" y1="{TOP - 12}" x2="{x:.1f}" y2="{height - 8}"/>'
        yield _text(x, TOP - 18, tick_label(tick), "small", anchor="middle")


def _rows(run: Run, found: Sequence[Group], path: Sequence[Segment]) -> Iterator[str]:
    """Yield each step with the line of its whole extent, its bars below it, and the links of the critical path."""
    segments = {(segment.address, segment.start): segment for segment in path}
    whole, y, places = length(run), TOP, dict[str, int]()
    for group in found:
        first, last = group.spans[0].began, max(end_of(span, run.seconds) for span in group.spans)
        middle = y + THICK // 2
        yield _text(16, y + THICK, short(group.label, LETTERS), "step")
        yield f'<path class="extent" d="M{_x(first, whole):.1f} {middle}H{_x(last, whole):.1f}"/>'
        y += ROW
        for span in group.shown:
            places[span.address] = y
            yield from _row(span, segments.get((span.address, span.began)), run.seconds, whole, y)
            y += ROW
    yield from _links(path, places, whole)


def _row(span: Span, segment: Segment | None, seconds: float, whole: float, y: int) -> Iterator[str]:
    """Yield a resource's name, its bars upon each other, and its time."""
    called, end = called_of(span, seconds), end_of(span, seconds)
    yield f"<g><title>{escape(visible(_words(span, seconds)))}</title>"
    yield _text(28, y + THICK, short(span.address, LETTERS))
    bars = [(span.began, end, "wait"), (span.began, called, "call")]
    if segment:
        bars += [(segment.start, segment.end, "wait path"), (segment.start, min(called, segment.end), "call path")]
    for start, stop, name in bars:
        yield _bar(_x(start, whole), y, max(_x(stop, whole) - _x(start, whole), 1), name)
    ended = "ended" if span.result in {"failed", "unfinished"} else "small"
    yield _text(_x(end, whole) + 7, y + THICK, took(span, seconds), ended) + "</g>"


def _links(path: Sequence[Segment], places: Mapping[str, int], whole: float) -> Iterator[str]:
    """Yield a line from each resource of the critical path to the next one."""
    for before, after in pairwise(path):
        x, y1, y2 = _x(after.start, whole), places[before.address], places[after.address]
        yield f'<line class="link" x1="{x:.1f}" y1="{y1 + THICK // 2}" x2="{x:.1f}" y2="{y2 + THICK // 2}"/>'


def _words(span: Span, seconds: float) -> str:
    """Return all facts about a span, for the tooltip."""
    called = "" if span.called is None else f", API call until {span.called:.2f} s"
    after = f", after {span.after}" if span.after else ""
    return f"{span.address}: {span.result}, from {span.began:.2f} s to {end_of(span, seconds):.2f} s{called}{after}"


def _x(moment: float, whole: float) -> float:
    return NAMES + BARS * moment / whole


def _bar(x: float, y: int, width: float, name: str) -> str:
    return f'<rect class="{name}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{THICK}"/>'


def _text(x: float, y: int, words: str, name: str = "", anchor: str = "start") -> str:
    kind = f' class="{name}"' if name else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y}"{kind}{place}>{escape(visible(words))}</text>'
