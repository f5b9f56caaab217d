"""Changes in parts under simulation: a sample of lives, and one change, killed before and after each write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.simulation import engine, traffic
from tests.simulation.engine_life import Act, Life
from tests.simulation.engine_promises import check_after
from tests.simulation.hub import Process, Violation
from tests.simulation.memory import Memory
from tests.simulation.stack import Config, Item, Use
from tests.simulation.traffic_stack import LET_IN

SAMPLE = range(5_000_000, 5_000_030)
CALM = Act("up", 1)


def test_the_sample_of_lives_breaks_no_promise() -> None:
    seen = sum((traffic.run(seed) for seed in SAMPLE), Counter[str]())
    met = ("up ok", "up killed", "up failed", "recover ok", "result adopted", "error Failed")
    waited = ("its former part stays until all that uses it is ready", "it to work", "deleting")
    assert [what for what in (*met, *(f"waited for {why}" for why in waited)) if not seen[what]] == []


BROKE_A_PROMISE = {
    "what AWS lists late is gone as soon as a delete finds nothing": Life(
        187655249,
        0,
        (
            Act("plan", 4096334914, faults=(("lost", 0.3),)),
            Act("up", 36316396, stop=21.468505491796797, faults=(("server", 0.1),), lag=25.0, flapping=True),
            Act(
                "down", 2969696390, gap=3.0, faults=(("server", 0.1), ("lost", 0.02), ("settling", 0.1)), flapping=True
            ),
        ),
        idle=False,
        traffic=1,
    ),
    "traffic is moved by a list that is older than its last move": Life(
        187655295,
        0,
        (
            Act("up", 3048164980),
            Act("down", 1064813166, stop=11.910073304833709, faults=(("lost", 0.02), ("unreachable", 0.02))),
            Act("edit", 3586529031),
            Act("plan", 154594469),
            Act("up", 3602448594, gap=3.0, faults=(("unreachable", 0.1),), lag=25.0, flapping=True),
            Act("edit", 1820600270),
            Act("up", 1618602835),
        ),
        planned=False,
        idle=False,
        traffic=2,
    ),
}


@pytest.mark.parametrize("life", BROKE_A_PROMISE.values(), ids=BROKE_A_PROMISE)
def test_what_once_broke_a_promise_holds(life: Life) -> None:
    traffic.live(life)


# -- one change, cut off everywhere -----------------------------------------------------------------------------------


def stack(worker: str, key: int, other: int) -> Config:
    """Return two workers behind a shared gate; the first has a gate of its own too, and signs lead to both."""
    gates = (Use("gate/main", how="gates"), Use("gate/own", how="gates"))
    sign = Item("sign", "front", "network", "sign-1", uses=(Use(f"pool/{worker}", how="leads"),))
    beside = Item("sign", "back", "network", "sign-2", uses=(Use("pool/beside", how="leads"),))
    behind = (Use(f"pool/{worker}", how="pool"), Use(sign.address, how="after"))
    also = (gates[0], Use("pool/beside", how="pool"), Use(beside.address, how="after"))
    return (
        Item("gate", "main", "network"),
        Item("gate", "own", "network"),
        Item("pool", worker, "network"),
        Item("pool", "beside", "network"),
        sign,
        beside,
        Item("worker", "beside", "services", uses=also, key=other),
        Item("worker", worker, "services", uses=(*gates, *behind, Use("worker/beside", how="start")), key=key),
    )


BEFORE, AFTER = stack("old", 1, 2), stack("new", 3, 0)
"""A change with all parts: one worker gets another name and another key, the other one another key."""


def up(world: engine.World, act: Act = CALM) -> engine.Run:
    world.cloud.weather = act.weather()
    run = world.command("up", act)
    check_after(world, run)
    return run


def edit(world: engine.World, to: Config) -> None:
    world._happen(0, Act("edit", 3, to=to))


def recover(world: engine.World) -> None:
    check_after(world, world.command("recover", Act("recover", 4)))


CHANGE = Act("up", 2)


def begin() -> engine.World:
    """Return a world in which the stack stands, and the change is declared."""
    world = engine.World(Life(0, 0, (), BEFORE))
    assert up(world).ok
    edit(world, AFTER)
    return world


def test_the_change_has_all_its_parts() -> None:
    with engine.simulated_kinds(traffic=True):
        world = begin()
        run = up(world, CHANGE)
    assert run.ok
    made = Counter(world.cloud.resources[who].sort for verb, who in run.writes if verb == "update")
    assert made == {"gate": 4, "sign": 3, "worker": 1}
    assert sorted(one.fields["lets"] for one in world.cloud.alive() if one.sort == "gate") == [[0, 3], [3]]
    order = [(verb, world.cloud.resources[who].sort) for verb, who in run.writes if who in world.cloud.resources]
    drained = order.index(("delete", "worker"))
    assert order.index(("update", "worker")) < drained < order.index(("delete", "pool"))
    assert {sort for verb, sort in order[drained:] if verb == "update"} == {"gate", "sign"}


def goes_on(world: engine.World) -> None:
    """Run `up` again."""


def gives_up(world: engine.World) -> None:
    edit(world, BEFORE)


def recovers(world: engine.World) -> None:
    world.hub.now += engine.QUIET
    recover(world)


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the points of the change right before and right after each write, to the cloud or the state."""
    written: list[int] = []
    point, worlds = Process.point, list[engine.World]()

    def counted(process: Process) -> None:
        memory = worlds[0].memory if worlds else None
        journal = len(memory.journal) if isinstance(memory, Memory) else 0
        written.append(len(worlds[0].cloud.tried) + len(worlds[0].cloud.writes) + journal if worlds else 0)
        point(process)

    with engine.simulated_kinds(traffic=True), monkeypatch.context() as patched:
        patched.setattr(Process, "point", counted)
        world = begin()
        worlds.append(world)
        written.clear()
        run = up(world, CHANGE)
    assert len(written) == run.process.points
    near = {n for n in range(1, len(written)) if written[n] != written[n - 1]}
    return sorted(near | {n + 1 for n in near})


@pytest.mark.slow
@pytest.mark.parametrize("then", [goes_on, gives_up, recovers])
def test_a_kill_around_any_write_takes_nothing_in_use_away(
    then: Callable[[engine.World], None], points: list[int]
) -> None:
    """`Violation` names each loss at its moment; in the end the change is made, or taken back."""
    assert len(points) > 60
    with engine.simulated_kinds(traffic=True):
        for point in points:
            world = begin()
            assert up(world, replace(CHANGE, kill=point)).killed
            then(world)
            again = up(world)
            assert again.ok, (point, again.errors())
            assert not up(world).writes, point


def test_the_truth_is_not_blind() -> None:
    """Losses by hand between two commands are detected."""
    with engine.simulated_kinds(traffic=True):
        world = begin()
        gate, sign = (next(one for one in world.cloud.alive() if one.sort == sort) for sort in ("gate", "sign"))
        worker = next(one for one in world.cloud.alive() if one.sort == "worker")
        for fields, name, to in (
            (gate.fields, "lets", []),
            (sign.fields, "actions", []),
            (worker.__dict__, "gone", 1.0),
        ):
            before, fields[name] = fields[name], to
            with pytest.raises(Violation):
                world.truth.look()
            fields[name] = before


def test_what_somebody_let_in_is_out_before_anything_rolls_out() -> None:
    with engine.simulated_kinds(traffic=True):
        world = engine.World(Life(0, 0, (), BEFORE))
        assert up(world).ok
        world._happen(0, Act(LET_IN, 1))
        edit(world, AFTER)
        assert any(world.truth.foreign.values())
        assert up(world).ok
        assert not any(world.truth.foreign.values())


FAILING = Act("up", 5, failing=1.0)


def test_a_failed_rollout_leaves_what_runs_and_up_goes_on() -> None:
    with engine.simulated_kinds(traffic=True):
        world = begin()
        told = [str(error) for error in up(world, FAILING).errors()]
        assert [how for how in ("given up", "rolling back") if not any(how in one for one in told)] == []
        assert {key for one in world.cloud.alive() if one.sort == "gate" for key in one.fields["lets"]} == {0, 1, 2, 3}
        world.hub.now += engine.QUIET
        assert up(world).ok


def test_traffic_stays_while_any_number_of_names_fail() -> None:
    """A rule takes five target groups."""
    named = [act for name in "bcdefg" for act in (Act("edit", 3, to=stack(name, 1, 2)), FAILING)]
    engine.live(Life(0, 0, (CALM, *named, Act("edit", 3, to=stack("h", 1, 2)), CALM), stack("a", 1, 2)))


@pytest.mark.parametrize("seed", range(4))
def test_a_change_taken_back_at_once_is_really_undone(seed: int) -> None:
    """The lists still show the old settings, and flap between these and the new ones."""
    change = (Act("edit", 3, to=stack("a", 2, 2)), Act("up", seed, lag=25.0, flapping=True))
    back = (Act("edit", 3, to=stack("a", 1, 2)), Act("up", seed))
    engine.live(Life(seed, 0, (CALM, *change, *back), stack("a", 1, 2), traffic=1))


LIVES = {
    "recover believes a list that still shows what a killed down has deleted": Life(
        5049947,
        1,
        (Act("up", 874755430), Act("down", 4193925269, kill=22, lag=25.0), Act("recover", 2196384536), Act("up", 1)),
        planned=False,
        traffic=1,
    ),
    "a sign is deleted by hand, and a late request leads another one to its pool": Life(
        5065358,
        1,
        (
            Act("up", 4081899160),
            Act("edit", 1786259619),
            Act("up", 2280452510, kill=41),
            Act("delete", 379017668),
            Act("edit", 23628161),
        ),
        disk=True,
        planned=False,
        idle=False,
        traffic=2,
    ),
    "a list that is older than a cut-off change hides a key that is in use": Life(
        152506781,
        0,
        (
            Act("edit", 505034017),
            Act("up", 3343010810, stop=59.24650287371129, faults=(("lost", 0.3), ("refuse", 0.1), ("settling", 0.1))),
            Act("edit", 465391106),
            Act(
                "up",
                119013437,
                stop=0.9388072222097206,
                faults=(("lost", 0.02), ("refuse", 0.1), ("settling", 0.02)),
                lag=25.0,
            ),
            Act("edit", 2695797225),
            Act("up", 2142889922),
        ),
        planned=False,
        traffic=2,
    ),
    "a killed change arrives after a list that shows the wanted settings, which the user took back": Life(
        34332717,
        1,
        (
            Act("up", 2099131738),
            Act("edit", 259577799),
            Act("up", 2891443377, kill=20),
            Act("edit", 2822758604),
            Act("up", 122216958, lag=25.0),
        ),
        traffic=2,
    ),
    "a change is killed before it is recorded, and taken back before a list shows it": Life(
        98039853,
        1,
        (
            Act("up", 48558822),
            Act("edit", 3264537193),
            Act("up", 2395257881, kill=22, lag=25.0),
            Act("edit", 1423143299),
            Act("up", 365995677),
        ),
        traffic=3,
    ),
    "a killed change of a route arrives after its edit was taken back, while lists lag": Life(
        65123009,
        0,
        (
            Act("up", 3378096574),
            Act("edit", 2689239351),
            Act("up", 29495752, kill=19),
            Act("edit", 2052464632),
            Act("up", 1805351565, lag=25.0),
        ),
        traffic=2,
    ),
    "up says of an intent whose resource was renamed twice that there is none": Life(
        5030143,
        1,
        (
            Act("up", 678436623, stop=5.7322404101885915, faults=(("server", 0.3),)),
            Act("edit", 3732816867),
            Act("up", 1825331292, failing=0.7),
            Act("edit", 1034000888),
        ),
        traffic=2,
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_life_that_once_broke_a_promise(name: str) -> None:
    with engine.simulated_kinds(traffic=True):
        engine.live(LIVES[name])
