"""The way of a request as a picture: which boxes it passes, and where they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frontend.client import Overview, Unavailable
from service.whereabouts import Whereabouts

WIDTH, HEIGHT, GAP = 190, 104, 86
"""Of a box, and between two, in units of the picture."""


@dataclass(frozen=True)
class Stop:
    """A box: its title, the lines below it, how the request came there, and whether it did."""

    title: str
    lines: tuple[str, ...] = ()
    arrow: str = ""
    reached: bool = True


@dataclass(frozen=True)
class Box:
    """A stop and the left edge that it is drawn at."""

    stop: Stop
    x: int


@dataclass(frozen=True)
class Picture:
    """All boxes from left to right, and the size of the whole."""

    boxes: tuple[Box, ...]
    width: int
    height: int
    words: str


def draw(stops: Sequence[Stop]) -> Picture:
    """Place the stops in a row; `words` tells the same to those who cannot see it."""
    boxes = tuple(Box(stop, index * (WIDTH + GAP)) for index, stop in enumerate(stops))
    words = ", then ".join(stop.title if stop.reached else f"{stop.title} (not reached)" for stop in stops)
    return Picture(boxes, len(boxes) * (WIDTH + GAP) - GAP, HEIGHT, words)


def way(here: Whereabouts, scheme: str | None, outcome: Overview | Unavailable) -> list[Stop]:
    """Return the stops of a request.

    Args:
        scheme: how the load balancer was spoken to, as it says in `X-Forwarded-Proto`; None if none was passed.
        outcome: what came of asking the backend.
    """
    stops = [Stop("Your browser")]
    if scheme:
        stops.append(Stop("Load balancer", arrow=scheme.upper()))
    stops.append(Stop("Frontend", place(here), arrow="HTTP"))
    if isinstance(outcome, Overview):
        stops.append(Stop("Backend", place(outcome.backend), arrow=f"{outcome.round_trip:.0f} ms"))
        stops.append(Stop("Database", (outcome.server,), arrow=f"{outcome.database_trip:.0f} ms"))
    else:
        stops.append(Stop("Backend", arrow="HTTP" if outcome.answered else "no answer", reached=outcome.answered))
        stops.append(Stop("Database", arrow="no answer" if outcome.answered else "", reached=False))
    return stops


def place(where: Whereabouts) -> tuple[str, ...]:
    """Return the lines that tell a task, short enough for a box: ids of tasks have 32 digits."""
    named = (("task", where.task), ("zone", where.zone), ("host", where.host))
    return tuple(f"{name} {value if len(value) <= 16 else value[:15] + '…'}" for name, value in named if value)
