"""Killed at calls or disturbed otherwise, `up` and `down` go on to the same end; `make crash` tries all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.cloud.crash.cuts import AtCall, AtStateStep, CtrlC, Cut, DiskFull, NoRoom, ReadOnly
from tests.cloud.crash.life import Bench, bench
from tests.cloud.crash.points import COMMANDS, Point, calls, others, sample, taken_down, then_down

UP: tuple[Cut, ...] = (
    *sample(4),
    ReadOnly(0),
    NoRoom("journal", 30),
    AtStateStep("journal", 40, "torn"),
    AtStateStep("fold", 1, "torn"),
    CtrlC(6, 1),
    AtStateStep("sync", 30, "after"),
    ReadOnly(4),
)
DOWN: tuple[Cut, ...] = (
    # a revision is removed by two calls: between them it is neither listed as before nor gone
    AtCall(1, "before", "ecs:DeleteTaskDefinitions"),
    *sample(2),
    DiskFull(3_000),
    AtStateStep("journal", 20, "before"),
    CtrlC(5),
    AtStateStep("fold", 2, "after"),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("crash"), "fast") as made:
        yield made


@pytest.mark.slow
def test_cut_short_in_every_way_it_goes_on_to_the_same_end(stage: Bench) -> None:
    for verdict in stage.live(Point("all", "up", UP), Point("all", "down", DOWN)):
        verdict.demand()


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation", ["servicediscovery:CreatePrivateDnsNamespace", "rds:CreateDBCluster", "ec2:CreateVpc"]
)
def test_down_removes_what_a_killed_up_created_unseen(stage: Bench, operation: str) -> None:
    slow = replace(stage, durations="slow")
    for verdict in slow.live(then_down(AtCall(1, "after", operation)), None):
        verdict.demand()
        assert all(verdict.hits)


def test_every_call_is_among_the_points_before_and_after(stage: Bench) -> None:
    points = calls(stage.known.writes)
    for command in COMMANDS:
        cuts = [cut for point in points if point.command == command for cut in point.cuts]
        assert len(cuts) == len(set(cuts)) == 2 * len(stage.known.writes[command])
        assert len(stage.known.writes[command]) > 90


def test_every_point_is_found_again_by_its_name(stage: Bench) -> None:
    points = [*calls(stage.known.writes), *others(stage.known.writes, 14), *taken_down(stage.known.writes)]
    assert len({point.name for point in points}) == len(points)
