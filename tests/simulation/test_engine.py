"""The engine under simulation: a fixed sample of lives, each hole that was ever found, and the same again each time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation import engine, regressions
from tests.simulation.cloud import refusal
from tests.simulation.engine_life import Life, drawn
from tests.simulation.hub import Process
from tests.simulation.mutations import ROOT
from tests.simulation.regressions import LIVES, by_hand, up

SAMPLE = range(180)
EVERYWHERE = ("up ok", "up killed", "up failed", "down ok", "down killed", "plan ok", "recover ok", "rename ok")
"""What must come up in the sample, or it is no sample."""


def test_the_sample_of_lives_breaks_no_promise_and_meets_everything() -> None:
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


def test_down_removes_nothing_while_it_cannot_ask_whose_the_recorded_resources_are() -> None:
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
