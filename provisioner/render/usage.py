"""Usage of services in the last hour: a line each, with a bar for each span of minutes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum
from typing import TYPE_CHECKING

from provisioner.render.text import cut, table

if TYPE_CHECKING:
    from provisioner.operations.inspection.usage import Points, Usage

BARS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-:=+*#"
"""The same for a terminal with ASCII only."""
HEAD = ("service", "cpu", "", "memory", "", "req/min", "", "p50", "p99", "", "5xx", "")
FIXED = 64
"""The columns of a line without its bars, with a name of average length."""
DRAWN = 5
"""Series with bars: CPU, memory, requests, p99 and 5xx."""
SHORTEST, LONGEST = 3, 30
NAME = 16


def lines(found: Sequence[Usage], width: int = 80, bars: str = BARS, *, simulated: bool = False) -> list[str]:
    """Return a table with the newest value of each series, and for 5xx their sum in the hour.

    Args:
        bars: the characters for low to high.
        simulated: whether the numbers are invented, as no container runs.
    """
    if not found:
        return ["no services: the stack has not been created yet"]
    length = max(SHORTEST, min((width - FIXED) // DRAWN, LONGEST))
    rows = [_row(one, length, bars) for one in found]
    head = ["simulated: without Docker no container runs, and the numbers are invented"] if simulated else []
    return [*head, *(cut(line, width) for line in table([HEAD, *rows]))]


def _row(one: Usage, length: int, bars: str) -> tuple[str, ...]:
    served = bool(one.requests)
    return (
        cut(one.service, NAME),
        _percent(one.cpu),
        spark(one.cpu, length, bars, 100.0),
        _percent(one.memory),
        spark(one.memory, length, bars, 100.0),
        _number(_last(one.requests)),
        spark(one.requests, length, bars),
        _time(_last(one.p50)),
        _time(_last(one.p99)),
        spark(one.p99, length, bars),
        _number(fsum(value or 0.0 for value in one.errors)) if served else "",
        spark(one.errors, length, bars),
    )


def spark(points: Points, length: int, bars: str = BARS, top: float | None = None) -> str:
    """Return a series as so many characters, each the highest value of its span; a blank for a span without points.

    Args:
        top: the value of the highest bar; the highest value if left out.
    """
    if not points:
        return ""
    edges = [len(points) * number // length for number in range(length + 1)]
    spans = [[value for value in points[a:b] if value is not None] for a, b in pairwise(edges)]
    highest = top or max((value for span in spans for value in span), default=0.0) or 1.0
    last = len(bars) - 1
    return "".join(bars[min(round(max(span) / highest * last), last)] if span else " " for span in spans).rstrip()


def _last(points: Points) -> float | None:
    return next((value for value in reversed(points) if value is not None), None)


def _percent(points: Points) -> str:
    last = _last(points)
    return "-" if last is None else f"{last:.0f} %"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value < 10_000 else f"{value / 1000:.0f}k"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
