"""Timeouts of the walk: each is the timeout of one wait, on a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from provisioner.engine.clock import Pace
from provisioner.engine.declaration import Dependency
from provisioner.engine.errors import SomeFailed, TimedOut
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.engine.scheduling.scheduler import Node, Outcome, Scheduler, Until, Wait
from provisioner.engine.timeline import Moments
from tests.simulation.hub import Hub, Process


class Slow(Resource):
    """A resource type that exists here only."""

    type_name: ClassVar[str] = "slow"
    service: ClassVar[str] = "slow"
    poll_interval: ClassVar[float] = 5


RESOURCE_TYPES.pop("slow")

READY = Wait("it to be available", 1800, Until.READY)
OUTAGE = Wait("waiting for AWS to answer again", 300, Until.ANSWERED, retry=True)
REFUSED = Wait("it is being changed", 600, Until.ACCEPTED, retry=True, about="busy")
OTHER = Wait("it is still in use", 600, Until.ACCEPTED, retry=True, about="used")
CHANGED = Wait("waiting for the change to take effect", 120, Until.SHOWN)


def lasts(answer: Callable[[float], Outcome], *more: Node, least: float = 0.0) -> float:
    """Let one resource answer by the clock (seconds since the start), and return the length of the walk.

    Args:
        more: further nodes of the walk.
        least: the least seconds that the resource takes.
    """
    hub = Hub("clock")
    process = Process(hub, "process")
    ended: list[BaseException | None] = []

    def outcome() -> Outcome:
        return answer(hub.now)

    def act(_: str) -> Wait | None:
        found = outcome()
        assert not isinstance(found, Exception)
        return found

    def look(_: type[Resource], addresses: Sequence[str]) -> dict[str, Outcome]:
        return dict.fromkeys(addresses, outcome())

    def work() -> None:
        moments: dict[str, Moments] = {}
        nodes = [Node("slow/a", Slow, "step", (), least=least), *more]
        try:
            Scheduler(nodes, act, look, reached, lambda event: None, Pace(runtime=process), moments).run()
        except SomeFailed as failed:
            ended.extend(failed.failures.values())

    hub.run(process.spawn(work))
    if ended:
        assert isinstance(ended[0], TimedOut)
        raise ended[0]
    return hub.now


def reached(need: Dependency, __: set[str], done: set[str]) -> bool:
    return not need.output or need.address in done


def during(*spans: tuple[float, float]) -> Callable[[float], bool]:
    return lambda now: any(start <= now < end for start, end in spans)


def test_two_outages_that_are_far_apart_have_a_budget_each() -> None:
    out = during((10, 200), (420, 640))
    assert lasts(lambda now: OUTAGE if out(now) else READY if now < 1500 else None) > 1500


def test_an_outage_that_does_not_end_is_not_put_up_with() -> None:
    with pytest.raises(TimedOut, match=r"timed out after 30\d s: waiting for AWS to answer again"):
        lasts(lambda now: OUTAGE if now > 10 else READY)


def test_a_refusal_at_the_start_takes_nothing_from_a_later_one() -> None:
    refused = during((0, 300), (900, 1400))
    assert lasts(lambda now: REFUSED if refused(now) else READY if now < 1500 else None) > 1500


def test_refusals_for_different_reasons_have_a_budget_each() -> None:
    assert lasts(lambda now: REFUSED if now < 400 else OTHER if now < 900 else None) > 900


def test_a_change_late_in_a_long_wait_has_all_of_its_time() -> None:
    changing = during((0, 60), (900, 1000))
    assert lasts(lambda now: CHANGED if changing(now) else READY if now < 1500 else None) > 1500


@pytest.mark.parametrize(
    ("waits", "timeout"),
    [
        ((OUTAGE, REFUSED), 600),
        ((REFUSED, OTHER), 600),
        ((REFUSED, CHANGED), 120),
        ((OUTAGE, REFUSED, CHANGED, READY), 1800),
        ((CHANGED, READY), 1800),
    ],
)
def test_alternating_waits_end_with_the_longest_budget(waits: Sequence[Wait], timeout: float) -> None:
    turns = iter(range(100_000))
    with pytest.raises(TimedOut) as caught:
        lasts(lambda now: waits[next(turns) % len(waits)])
    waited = float(str(caught.value).split()[3])
    assert timeout < waited < timeout + 60


def looks(*more: Node, least: float, ready: float) -> list[float]:
    """Return the times of the looks at a resource that is ready at a moment."""
    seen: list[float] = []

    def answer(now: float) -> Outcome:
        seen.append(now)
        return READY if now < ready else None

    lasts(answer, *more, least=least)
    return seen[1:]


def test_what_cannot_be_ready_yet_is_looked_at_each_half_minute() -> None:
    assert looks(least=100, ready=110) == [6, 36, 66, 96, 101, 106, 111]


def test_it_is_looked_at_when_it_can_be_ready() -> None:
    assert looks(least=56, ready=56) == [6, 36, 56]


def test_what_may_be_ready_at_once_is_looked_at_as_often_as_ever() -> None:
    assert looks(least=0, ready=20) == [1, 6, 11, 16, 21]


def test_an_output_that_others_need_is_looked_at_as_often() -> None:
    user = Node("slow/b", Slow, "step", [Dependency("slow/a", output="record")])
    assert looks(user, least=160, ready=20)[:5] == [1, 6, 11, 16, 21]
