"""Killed at some calls, or disturbed otherwise, `up` and `down` come to the same; `make crash` tries all calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.crash.cuts import AtCall, AtStateStep, CtrlC, Cut, DiskFull, ReadOnly
from tests.cloud.crash.life import Bench, bench
from tests.cloud.crash.points import calls, sample

LIVES = 5

pytestmark = pytest.mark.enumeration


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("crash")) as made:
        made.learn()
        yield made


@pytest.mark.parametrize("number", range(LIVES))
def test_killed_at_a_call_it_goes_on_to_the_same_end(stage: Bench, number: int) -> None:
    life = list(sample(stage.writes, LIVES))[number]
    for verdict in stage.live(life.up, life.down):
        assert not verdict.problem, f"{verdict.name}\n{verdict.problem}"
        assert all(verdict.hits), f"{verdict.name} was not reached"


def test_disturbed_in_every_other_way_it_goes_on_to_the_same_end(stage: Bench) -> None:
    up: list[Cut] = [
        ReadOnly(0),
        DiskFull(9_000),
        AtStateStep(60, "torn"),
        AtCall(10, "after"),
        AtCall(10, "before"),
        CtrlC(5, 0.1),
        CtrlC(10),
        ReadOnly(5),
    ]
    down: list[Cut] = [
        DiskFull(3_000),
        CtrlC(5),
        AtStateStep(20, "torn"),
        AtCall(5, "after"),
        AtCall(5, "before"),
        CtrlC(5, 0.1),
    ]
    for verdict in stage.live(up, down):
        assert not verdict.problem, f"{verdict.name}\n{verdict.problem}"
        assert sum(map(bool, verdict.hits)) >= len(verdict.cuts) - 1, f"{verdict.name}: {verdict.hits}"


def test_every_call_is_among_the_points_before_and_after(stage: Bench) -> None:
    lives = list(calls(stage.writes))
    for command, cuts in (("up", [life.up for life in lives]), ("down", [life.down for life in lives])):
        chosen = [cut for some in cuts for cut in some]
        assert len(chosen) == len(set(chosen)) == 2 * len(stage.writes[command])
        assert len(stage.writes[command]) > 90
