"""Reading on in a log group: nothing is missed and nothing comes twice, however late events are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.aws.client import batches
from provisioner.operations.inspection.log_reader import POLL_SECONDS
from provisioner.operations.inspection.log_window import FAR_EVERY, FAR_MS, Window

START = 1_000_000_000
POLL_MS = int(POLL_SECONDS * 1000)
SKEW_MS = 300_000
"""The most milliseconds that the clock which signs a call may be wrong: AWS refuses other calls."""
LATEST_MS = FAR_MS - SKEW_MS
"""The most milliseconds that an event may be late without being missed by a follower."""
SPAN_MS = 60_000


@dataclass(frozen=True)
class Written:
    """An event of a model of CloudWatch Logs: when it was written, taken and first found, after the start."""

    at: int
    taken: int
    found: int
    stream: str

    def answer(self, id: int) -> dict[str, Any]:
        """Return the event as FilterLogEvents returns it."""
        times = {"timestamp": START + self.at, "ingestionTime": START + self.taken}
        return {"eventId": str(id), "logStreamName": self.stream, "message": "", **times}


@st.composite
def written(draw: st.DrawFn) -> Written:
    """An event that a task's clock dates up to a minute ahead, or that comes late."""
    at = draw(st.integers(0, SPAN_MS))
    taken = max(0, at + draw(st.integers(-60_000, LATEST_MS // 2)))
    found = max(at, taken) + draw(st.sampled_from((0, 1, 3_000, 29_000, 120_000, LATEST_MS // 2)))
    return Written(at, taken, min(found, at + LATEST_MS), draw(st.sampled_from("ab")))


def follow(events: Sequence[Written], page: int, skew: int, pace: int, refused: range) -> Iterator[str]:
    """Yield the ids that a reader finds, look by look, until all events can be found by a far look.

    Args:
        pace: milliseconds from one look to the next. refused: the numbers of the looks that AWS refuses.
    """
    window = Window(START)
    last = max((event.found for event in events), default=0) // pace + 2 * FAR_EVERY + len(refused)
    for number in range(last + 1):
        now = number * pace
        window.begin(START + now + skew)
        if number in refused:
            continue
        there = [event.answer(key) for key, event in enumerate(events) if event.found <= now]
        hits = sorted((e for e in there if e["timestamp"] >= window.start), key=lambda e: int(e["timestamp"]))
        for some in ((), *batches(hits, page), ()):
            yield from (str(event["eventId"]) for event in window.fresh(some))
        window.end()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(written(), max_size=12),
    st.integers(1, 5),
    st.sampled_from((-SKEW_MS, 0, SKEW_MS)),
    # of many groups, looks at five calls a second take longer; and AWS may throttle for minutes
    st.sampled_from((POLL_MS, 20_000)),
    st.sampled_from((range(0), range(20, 40), range(30, 330))),
)
def test_every_event_comes_once(events: list[Written], page: int, skew: int, pace: int, refused: range) -> None:
    found = follow(events, page, skew, pace, refused)
    assert sorted(found, key=int) == [str(number) for number in range(len(events))]


@pytest.mark.parametrize(
    ("pace", "refused"),
    [(POLL_MS, range(0)), (POLL_MS, range(25, 35)), (20_000, range(0)), (20_000, range(20, 40))],
    ids=["steady", "throttled", "slow", "slow and throttled"],
)
def test_what_comes_ten_minutes_late_is_not_lost(pace: int, refused: range) -> None:
    steady = [Written(at, at, at, "a") for at in range(0, 900_000, 20_000)]
    late = Written(30_000, 30_000, 30_000 + LATEST_MS, "b")
    assert len([*follow([*steady, late], 5, SKEW_MS, pace, refused)]) == len(steady) + 1


def test_what_is_a_little_late_comes_with_the_next_look() -> None:
    window = Window(START)
    old, new, late = (Written(at, at, at, "a").answer(at) for at in (0, 20_000, 1_000))
    window.begin(START + 20_000)
    assert window.fresh([old, new]) == [old, new]
    window.end()
    window.begin(START + 22_000)
    assert window.start <= late["timestamp"]
    assert window.fresh([old, late, new]) == [late]


def test_most_looks_read_little_and_memory_stays_small() -> None:
    window, ids = Window(START), count()
    for now in range(0, 4 * FAR_MS, POLL_MS):
        window.begin(START + now)
        if window.looks % FAR_EVERY > 1:
            assert window.start >= START + now - 40_000
        window.fresh([Written(now, now, now, "a").answer(next(ids))])
        window.end()
    assert len(window.seen) <= FAR_MS // POLL_MS + FAR_EVERY + 1


def test_events_without_an_id_are_told_apart_too() -> None:
    window = Window(START)
    window.begin(START)
    one, other = ({"timestamp": START, "logStreamName": name, "message": "up"} for name in "ab")
    assert window.fresh([one, other, one]) == [one, other]
    assert window.fresh([{}]) == [{}], "nothing is known of it, and still it is shown"


def test_a_task_whose_clock_runs_ahead_hides_no_others() -> None:
    window = Window(START)
    ahead = {"timestamp": START + 7_200_000, "ingestionTime": START + 5_000, "eventId": "1"}
    window.begin(START + 5_000)
    window.fresh([ahead])
    window.end()
    window.begin(START + 7_000)
    assert window.start <= START + 5_000
    assert window.fresh([ahead]) == []
