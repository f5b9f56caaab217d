"""The scheduler: the order of work, the effect of a failure, and the length of waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.engine.clock import Pace
from provisioner.engine.declaration import Dependency
from provisioner.engine.errors import Failed, Interrupted, SomeFailed, TimedOut, WaitingOnUser
from provisioner.engine.events import Event, ResourceSkipped, ResourceWaiting
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.engine.scheduling.scheduler import Node, Outcome, Scheduler, Until, Wait
from provisioner.engine.timeline import Moments
from provisioner.state.model import StateError
from tests.jumping import Jumping


class Thing(Resource):
    """A resource type that exists here only."""

    type_name: ClassVar[str] = "thing"
    service: ClassVar[str] = "thing"
    poll_interval: ClassVar[float] = 1


RESOURCE_TYPES.pop("thing")


class World:
    """Scripted resources: the answers to acts and looks, and the order of all events."""

    def __init__(self, graph: Mapping[str, Sequence[Dependency]], **script: list[Outcome]) -> None:
        self.nodes = [Node(address, Thing, "step", needs) for address, needs in graph.items()]
        self.script = script
        self.happened: list[str] = []
        self.events: list[Event] = []
        self.moments: dict[str, Moments] = {}
        self.pace = Pace(Jumping())
        self.lock = threading.Lock()

    def next(self, verb: str, address: str) -> Any:
        with self.lock:
            self.happened.append(f"{verb} {address}")
            answers = self.script.get(address, [])
            answer = answers.pop(0) if answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def look(self, resource_type: type[Resource], addresses: Sequence[str]) -> dict[str, Outcome]:
        return {address: self.next("look", address) for address in addresses}

    def run(self, reached: Callable[[Dependency, set[str], set[str]], bool] | None = None) -> None:
        def usual(need: Dependency, acted: set[str], done: set[str]) -> bool:
            return need.address in (done if need.ready else acted)

        act = lambda address: self.next("act", address)  # noqa: E731
        Scheduler(self.nodes, act, self.look, reached or usual, self.events.append, self.pace, self.moments).run()


def waits(why: str = "x", timeout: float = 1000, *, retry: bool = False, until: Until = Until.READY) -> Wait:
    return Wait(why, timeout, until, retry=retry)


def test_what_needs_only_the_id_does_not_wait_for_ready() -> None:
    world = World({"a": [], "b": [Dependency("a")], "c": [Dependency("a", ready=True)]}, a=[waits(), waits(), None])
    world.pace = Pace(Jumping())
    world.run()
    assert world.happened.index("act b") < world.happened.index("look a")
    assert world.happened.index("act c") > world.happened.index("look a")
    assert world.happened.count("look a") == 2


def test_a_failure_that_first_shows_the_output_skips_dependents() -> None:
    """ACM may show a certificate's validation records only together with its failure."""
    world = World({"a": [], "b": [Dependency("a", output="records")]}, a=[waits(), Failed("no")])
    with pytest.raises(SomeFailed) as failed:
        world.run(lambda *_: "look a" in world.happened)
    assert (list(failed.value.failures), failed.value.skipped) == (["a"], {"b": "a"})


def test_again_means_to_act_again_and_holds_dependents_back() -> None:
    world = World({"a": [], "b": [Dependency("a")]}, a=[waits(retry=True), waits(retry=True), None])
    world.run()
    assert world.happened == ["act a", "act a", "act a", "act b"]


def test_a_failure_stops_only_what_depends_on_it() -> None:
    world = World(
        {"a": [], "b": [Dependency("a")], "c": [Dependency("b")], "d": [], "e": [Dependency("d")]}, a=[Failed("broken")]
    )
    with pytest.raises(SomeFailed) as caught:
        world.run()
    assert list(caught.value.failures) == ["a"]
    assert caught.value.skipped == {"b": "a", "c": "b"}
    assert {"act d", "act e"} <= set(world.happened)
    assert [e.address for e in world.events if isinstance(e, ResourceSkipped)] == ["b", "c"]


def part_and_whole(**script: list[Outcome]) -> World:
    """A whole that can begin with its part, and cannot end before it."""
    world = World({"part": [], "whole": [Dependency("part")]}, **script)
    part, whole = world.nodes
    world.nodes = [part, replace(whole, ends_after=["part"])]
    return world


def test_what_cannot_end_yet_is_not_looked_at() -> None:
    world = part_and_whole(part=[waits()] * 5 + [None], whole=[waits(), None])
    world.run()
    assert world.happened[1:] == ["act whole", *["look part"] * 5, "look whole"]


def test_what_cannot_end_yet_is_looked_at_as_soon_as_it_can() -> None:
    world = part_and_whole(part=[waits()] * 5 + [None], whole=[waits(), None])
    world.run()
    later = (world.moments["whole"].ended or 0) - (world.moments["part"].ended or 0)
    assert 0 <= later <= Thing.poll_interval


def test_a_dependent_on_the_end_of_a_failure_is_looked_at_alone() -> None:
    world = part_and_whole(part=[waits(), Failed("broken")], whole=[waits(), waits(), None])
    with pytest.raises(SomeFailed) as caught:
        world.run()
    assert list(caught.value.failures) == ["part"]
    assert world.happened.count("look whole") == 2


def test_a_failing_look_fails_its_resources() -> None:
    world = World({"a": []}, a=[waits(), Failed("gone wrong")])
    with pytest.raises(SomeFailed, match="a") as caught:
        world.run()
    assert str(caught.value.failures["a"]) == "gone wrong"


def test_waiting_ends_with_the_budget_and_names_the_blocker() -> None:
    endless = [Wait("2 interfaces", 50, Until.READY, blockers=lambda: "eni-1 of task x") for _ in range(10_000)]
    world = World({"a": []}, a=list(endless))
    with pytest.raises(SomeFailed) as caught:
        world.run()
    error = caught.value.failures["a"]
    assert isinstance(error, TimedOut)
    assert "2 interfaces" in str(error)
    assert "eni-1 of task x" in str(error)


def test_waiting_and_acting_by_turns_ends_with_the_budget_too() -> None:
    world = World({"a": []}, a=[waits(timeout=50, retry=bool(i % 2)) for i in range(10_000)])
    with pytest.raises(SomeFailed) as caught:
        world.run()
    assert isinstance(caught.value.failures["a"], TimedOut)


def test_a_reason_is_reported_once_until_it_changes() -> None:
    world = World({"a": []}, a=[waits("x"), waits("x"), waits("y"), None])
    world.run()
    assert [e.why for e in world.events if isinstance(e, ResourceWaiting)] == ["x", "y"]


def test_only_waiting_on_the_user_has_its_own_exit_code() -> None:
    world = World({"a": [], "b": [Dependency("a")]}, a=[WaitingOnUser("delegate")])
    with pytest.raises(SomeFailed) as caught:
        world.run()
    assert caught.value.exit_code == 3
    mixed = World({"a": [], "b": []}, a=[WaitingOnUser("delegate")], b=[Failed("x")])
    with pytest.raises(SomeFailed) as both:
        mixed.run()
    assert both.value.exit_code == 1


def test_each_resources_moments_and_last_need_are_noted() -> None:
    graph = {
        "a": [],
        "b": [Dependency("a")],
        "c": [Dependency("a", ready=True), Dependency("b")],
        "d": [],
        "e": [Dependency("d")],
    }
    world = World(graph, a=[waits(), waits(), None], d=[Failed("broken")])
    world.pace = Pace(Jumping())
    with pytest.raises(SomeFailed):
        world.run()
    a, b, c, d = (world.moments[address] for address in "abcd")
    assert [moments.after for moments in (a, b, c, d)] == [None, "a", "a", None]
    assert [moments.waited for moments in (a, b, c, d)] == [True, False, False, False]
    stamps = [a.began, a.called, b.began, b.called, a.ended, c.began, c.called, c.ended]
    assert stamps == sorted(filter(None, stamps))
    assert d.called is None
    assert d.ended
    assert "e" not in world.moments


def test_an_interruption_lets_calls_end_and_starts_nothing_more() -> None:
    world = World({"a": [], "b": [Dependency("a")]}, a=[waits()])
    original = world.next

    def stop_then_answer(verb: str, address: str) -> Any:
        world.pace.stop.set()
        return original(verb, address)

    world.next = stop_then_answer  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        world.run()
    assert world.happened == ["act a"]
    (moments,) = world.moments.values()
    assert moments.called
    assert moments.ended is None


def test_when_nothing_can_be_recorded_nothing_more_is_begun() -> None:
    world = World(
        {"a": [], "b": [Dependency("a")], "c": [Dependency("d")], "d": []}, a=[StateError("full")], d=[waits(), waits()]
    )
    with pytest.raises(StateError, match="full"):
        world.run()
    assert {"act b", "act c"}.isdisjoint(world.happened)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_each_resource_is_acted_on_once_after_its_needs(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    graph = {
        str(i): [Dependency(str(j), ready=data.draw(st.booleans())) for j in range(i) if data.draw(st.booleans())]
        for i in range(count)
    }
    script: dict[str, list[Outcome]] = {str(i): [waits(), None] for i in range(count) if data.draw(st.booleans())}
    world = World(graph, **script)
    world.run()
    acts = [line.removeprefix("act ") for line in world.happened if line.startswith("act ")]
    assert sorted(acts) == sorted(graph)
    for address, needs in graph.items():
        assert all(acts.index(need.address) < acts.index(address) for need in needs)
        began, after = world.moments[address].began, world.moments[address].after
        assert after in {need.address for need in needs} if needs else after is None
        for need in needs:
            fulfilled = world.moments[need.address]
            assert began >= ((fulfilled.ended if need.ready else fulfilled.called) or float("inf"))
