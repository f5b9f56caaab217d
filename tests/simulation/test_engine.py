"""The engine under simulation: a fixed sample of lives, each hole ever found, and the same result each time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.errors import Protected
from tests.simulation import engine, regressions
from tests.simulation.cloud import refusal
from tests.simulation.engine_life import Life, drawn
from tests.simulation.hub import Process
from tests.simulation.mutations import ROOT
from tests.simulation.regressions import LIVES, by_hand, up
from tests.simulation.stack import Item, Use

SAMPLE = range(50, 140)
EVERYWHERE = ("up ok", "up killed", "up failed", "down ok", "down killed", "plan ok", "recover ok", "rename ok")
"""Events that must occur in the sample, or it proves nothing."""


def test_the_sample_of_lives_breaks_no_promise() -> None:
    seen = sum((engine.run(seed) for seed in SAMPLE), Counter[str]())
    assert [what for what in EVERYWHERE if not seen[what]] == []
    phases = {f"killed while {phase}" for phase in ("creating", "created", "ready", "deleting")}
    assert phases - seen.keys() == set()
    results = {
        f"result {result}"
        for result in ("created", "changed", "deleted", "unchanged", "adopted", "retained", "not_found")
    }
    assert results - seen.keys() == set()


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_what_once_broke_a_promise_holds(life: Life) -> None:
    engine.live(life)


def test_down_removes_nothing_if_it_cannot_ask_for_the_owner() -> None:
    world = engine.World(regressions.life(up(), by_hand("hand over"), config=regressions.TAGGED_AND_NOT))
    answer = world.cloud.call

    def call(process: Process, operation: str, act: Callable[[], Any], *, write: bool, read_only: bool) -> Any:
        if operation.startswith("Read tags"):
            raise refusal("AccessDenied", operation)
        return answer(process, operation, act, write=write, read_only=read_only)

    with engine.simulated_kinds():
        for number, act in enumerate(world.life.acts):
            world._happen(number, act)
        world.cloud.call = call  # type: ignore[method-assign]
        down = world.command("down", regressions.down())
    assert "AccessDenied" in str(down.errors())
    assert down.tried == []


def test_a_renamed_intents_creation_is_not_forgotten() -> None:
    """A resource without tags, killed at any place and then renamed, is known by its former name only."""
    before, after = (Item("common", "proof", "data", f"shop-dev-{name}") for name in ("proof", "another"))
    for kill in range(1, 30):
        engine.live(regressions.life(up(kill=kill), regressions.edit(after), config=(before,)))


def test_what_is_protected_while_down_is_at_work_stays() -> None:
    """Somebody protects the resource just before its deletion, which AWS then refuses once."""
    world = engine.World(regressions.life(up(), config=(regressions.SLOW,)))
    calls = world.cloud.call

    def call(process: Process, operation: str, act: Callable[[], Any], *, write: bool, read_only: bool) -> Any:
        tower = world.cloud.resources.get("tower:shop-dev-slow")
        if operation.startswith("delete") and tower and not tower.fields["guard"]:
            tower.fields["guard"] = True
            world.cloud.publish(tower)
            raise refusal("InvalidDBClusterStateFault", operation)
        return calls(process, operation, act, write=write, read_only=read_only)

    with engine.simulated_kinds():
        world._happen(0, up())
        world.cloud.call = call  # type: ignore[method-assign]
        down = world.command("down", regressions.down(unprotect=False))
    assert [type(error) for error in down.errors()] == [Protected]
    assert down.tried == [("delete", "tower:shop-dev-slow")]


def test_a_record_without_an_id_deletes_no_other_ones_resource() -> None:
    """Otherwise the resource would be deleted before its dependents, which the other record has."""
    built = Item("box", "main", "network", uses=(Use("title/a"),))
    world = engine.World(regressions.life(up(), config=(regressions.TITLE, built)))
    with engine.simulated_kinds():
        world._happen(0, up())
        with world.memory.open(Process(world.hub, "somebody")) as store:
            store.put(replace(store.records["title/a"], address="title/z", phase="creating", id=None))
        down = world.command("down", regressions.down())
    assert down.ok
    assert down.results()["title/z"] == "not_found"
    assert down.tried == [("delete", "box-1"), ("delete", "title:shop-dev-a")]


def test_a_seed_gives_the_same_life_in_any_process() -> None:
    def told(hash_seed: str) -> str:
        script = "import sys; from tests.simulation import engine, engine_life; "
        script += "[engine.live(engine_life.drawn(seed), print) for seed in range(5)]"
        env = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
        ).stdout

    assert told("1") == told("2") != ""


def test_a_life_can_be_shrunk() -> None:
    life = drawn(1)
    smaller = list(life.smaller())
    assert smaller
    assert all(other != life for other in smaller)
