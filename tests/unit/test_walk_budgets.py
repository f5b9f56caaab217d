"""For how long the walk puts up with what: each timeout is that of one wait, on a clock that the test owns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from provisioner.engine.clock import Pace
from provisioner.engine.declaration import Dependency
from provisioner.engine.errors import SomeFailed, TimedOut
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.engine.scheduler import Node, Outcome, Scheduler, Until, Wait
from provisioner.engine.timeline import Moments
from tests.simulation.hub import Hub, Process


class Slow(Resource):
    """A resource type that exists here only."""

    service: ClassVar[str] = "slow"
    poll_interval: ClassVar[float] = 5


RESOURCE_TYPES.pop("slow")

READY = Wait("it to be available", 1800, Until.READY)
OUTAGE = Wait("waiting for AWS to answer again", 300, Until.ANSWERED, again=True)
REFUSED = Wait("it is being changed", 600, Until.ACCEPTED, again=True, about="busy")
OTHER = Wait("something still uses it", 600, Until.ACCEPTED, again=True, about="used")
CHANGED = Wait("waiting for the change to take effect", 120, Until.SHOWN)


def lasts(answer: Callable[[float], Outcome]) -> float:
    """Let one resource answer by the clock (seconds since the start), and return for how long the walk lasted."""
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
        nodes = [Node("slow/a", Slow, "step", ())]
        try:
            Scheduler(nodes, act, look, reached, lambda event: None, Pace(runtime=process), moments).run()
        except SomeFailed as failed:
            ended.extend(failed.failures.values())

    hub.run(process.spawn(work))
    if ended:
        assert isinstance(ended[0], TimedOut)
        raise ended[0]
    return hub.now


def reached(_: Dependency, __: set[str], ___: set[str]) -> bool:
    return True


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
def test_going_from_one_wait_to_another_and_back_ends_with_the_budget_of_what_lasts_longest(
    waits: Sequence[Wait], timeout: float
) -> None:
    turns = iter(range(100_000))
    with pytest.raises(TimedOut) as caught:
        lasts(lambda now: waits[next(turns) % len(waits)])
    waited = float(str(caught.value).split()[3])
    assert timeout < waited < timeout + 60
