"""Disturbed in every way but by one kill at a call, `up` and `down` go on to the same end."""

from __future__ import annotations

from pathlib import Path

from tests.cloud.crash.cuts import AtStateStep, CtrlC, DiskFull, NoRoom, ReadOnly
from tests.cloud.crash.life import bench
from tests.cloud.crash.points import Point

UP = (
    ReadOnly(0),
    NoRoom("journal", 30),
    AtStateStep("journal", 40, "torn"),
    AtStateStep("fold", 1, "torn"),
    CtrlC(6, 0.1),
    AtStateStep("sync", 30, "after"),
    ReadOnly(4),
)
DOWN = (
    DiskFull(3_000),
    AtStateStep("journal", 20, "before"),
    CtrlC(5),
    AtStateStep("fold", 2, "after"),
)


def test_disturbed_in_every_other_way_it_goes_on_to_the_same_end(tmp_path: Path) -> None:
    with bench(tmp_path) as stage:
        for verdict in stage.live(Point("all", "up", UP), Point("all", "down", DOWN)):
            verdict.demand()
