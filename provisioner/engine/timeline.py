"""Times of a run: the begin and the end of the work on each resource, and the chain that took longest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.state.model import Span

IDLE = frozenset({"unchanged", "adopted", "retained"})
"""The results of resources that a run does not write."""


@dataclass
class Moments:
    """The scheduler's notes on a resource, in its clock's seconds: see `Span`. `waited`: not finished at once."""

    began: float
    after: str | None
    called: float | None = None
    ended: float | None = None
    waited: bool = False


@dataclass(frozen=True)
class Segment:
    """A resource's part of the critical path, in seconds since the run's start: up to where the next one began."""

    address: str
    start: float
    end: float


def spans(
    moments: Mapping[str, Moments], steps: Mapping[str, str], results: Mapping[str, str], start: float
) -> list[Span]:
    """Return the spans of resources that were written, awaited or not finished, in the order of their beginning.

    Args:
        moments: in the order of their beginning.
        results: the results of finished resources, by address.
        start: the begin of the run, on the clock of the moments.
    """
    became = {a: results.get(a, "unfinished" if m.ended is None else "failed") for a, m in moments.items()}
    shown = {a for a, m in moments.items() if m.waited or became[a] not in IDLE}

    def since(moment: float | None) -> float | None:
        return None if moment is None else round(moment - start, 2)

    before: dict[str, str | None] = {}
    for a, m in moments.items():
        # a resource's dependency began before it
        before[a] = m.after if m.after is None or m.after in shown else before[m.after]
    return [
        Span(a, steps[a], became[a], round(m.began - start, 2), since(m.called), since(m.ended), before[a])
        for a, m in moments.items()
        if a in shown
    ]


def continued(timeline: Sequence[Span], more: Sequence[Span]) -> list[Span]:
    """Return the timeline of two walks, where the second began when the first had ended."""
    last = last_of(timeline)
    before = last.address if last else None
    return [*timeline, *(replace(span, after=span.after or before) for span in more)]


def end_of(span: Span, seconds: float) -> float:
    """Return the time when a resource ended; an unfinished one lasted for the whole run of so many seconds."""
    return max(span.began, seconds if span.ended is None else span.ended)


def called_of(span: Span, seconds: float) -> float:
    """Return the time when the call was answered; the end of the resource if it never was."""
    end = end_of(span, seconds)
    return min(max(span.began, end if span.called is None else span.called), end)


def last_of(timeline: Sequence[Span], seconds: float = 0.0) -> Span | None:
    """Return the span that ended last in a run of so many seconds, if there is one."""
    return max(timeline, key=lambda span: (end_of(span, seconds), -span.began), default=None)


def critical_path(timeline: Sequence[Span], seconds: float) -> list[Segment]:
    """Return the chain that sets the run's length: the span that ended last, the one it waited for, and so on.

    Args:
        seconds: the length of the run.

    Returns:
        The segments in the order of time; each ends where the next one begins.
    """
    known: dict[str, list[Span]] = {}
    for one in timeline:
        known.setdefault(one.address, []).append(one)
    path: list[Segment] = []
    met: set[tuple[str, float]] = set()
    span = last_of(timeline, seconds)
    end = end_of(span, seconds) if span else 0.0
    while span and (span.address, span.began) not in met:
        start = min(span.began, end)
        path.append(Segment(span.address, start, end))
        met.add((span.address, span.began))
        # a change in parts has a span for each: take the last one that began before
        before = [one for one in known.get(span.after or "", ()) if one is not span and one.began <= span.began]
        end, span = start, max(before, key=lambda one: one.began, default=None)
    return path[::-1]


def by_step(timeline: Sequence[Span]) -> dict[str, list[Span]]:
    """Return the spans of each step; steps and spans in the order of their beginning."""
    steps: dict[str, list[Span]] = {}
    for span in sorted(timeline, key=lambda span: (span.began, span.address)):
        steps.setdefault(span.step, []).append(span)
    return steps
