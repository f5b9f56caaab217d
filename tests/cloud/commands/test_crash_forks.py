"""Points that branch off from one life by forks find the same faults as killed processes; `make crash` uses them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from tests.cloud import world
from tests.cloud.crash import disturbed
from tests.cloud.crash.cuts import AtCall, AtStateStep, CtrlC
from tests.cloud.crash.forked import Trunk, fresh
from tests.cloud.crash.life import PointResult, Undisturbed, undisturbed
from tests.cloud.crash.points import Point, then_down
from tests.cloud.crash.pool import Pool
from tests.cloud.world import own

pytestmark = [
    world.FILE,
    # of moto, in a thread of the cloud, where nobody is to trip over it
    pytest.mark.filterwarnings("ignore:.*does not match an error shape:UserWarning"),
]

ROOT = Path(__file__).parents[3]
VPC = "ec2:CreateVpc"
TABLE = "ec2:AssociateRouteTable"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    if own.HERE.cloud is None:
        pytest.skip("the cloud has to be in this process")
    own.HERE.fresh = False
    return undisturbed(fresh(tmp_path_factory.mktemp("known") / "stack", "fast"))


def lived(known: Undisturbed, directory: Path, *points: Point) -> dict[str, PointResult]:
    """Let points branch off from one life, and return their verdicts by name; nothing may be left of them."""
    project, told, pool = fresh(directory / "trunk", "fast"), list[PointResult](), Pool(2)
    Trunk(project, known, pool, told.append).live(points)
    project.close()
    assert [path.name for path in directory.iterdir()] == ["trunk"]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    found = {verdict.point.name: verdict for verdict in told}
    assert len(found) == len(told) == len(points)
    return found


@pytest.mark.slow
def test_points_of_all_ways_branch_off_from_one_life(known: Undisturbed, tmp_path: Path) -> None:
    cuts = [
        *[Point("call", "up", [AtCall(1, when, VPC)]) for when in ("before", "after")],
        then_down(AtCall(1, "after", VPC)),
        Point("two in a row", "up", [AtCall(30, "after"), AtCall(4, "before")]),
        Point("state", "up", [AtStateStep("journal", 40, "torn")]),
        Point("call", "down", [AtCall(1, "after", "ec2:DeleteVpc")]),
        Point("Ctrl-C", "down", [CtrlC(5)]),
    ]
    found = lived(known, tmp_path, *cuts)
    assert [verdict.problem for verdict in found.values() if verdict.problem] == []
    assert all(all(verdict.hits) for verdict in found.values())
    assert found[cuts[3].name].hits[0] in known.writes["up"]
    assert len(found[cuts[3].name].hits) == 2


@pytest.mark.slow
def test_a_point_that_does_not_hold_is_told_with_all_it_decides(known: Undisturbed, tmp_path: Path) -> None:
    # between these two calls nothing is written and no time passes: one fork decides both
    same = [Point("call", "up", [AtCall(n, when, TABLE)]) for n, when in ((1, "after"), (2, "before"))]
    other = replace(known, after={**known.after, "vpcs": [], "clusters": ["another"]})
    found = lived(other, tmp_path, *same)
    assert all("vpcs: added" in verdict.problem for verdict in found.values())
    assert len({verdict.problem for verdict in found.values()}) == 1


@pytest.mark.slow
def test_a_point_that_is_never_reached_is_told_as_such(known: Undisturbed, tmp_path: Path) -> None:
    late = Point("call", "up", [AtCall(99, "after", VPC)])
    assert lived(known, tmp_path, late)[late.name].hits == [""]


@pytest.mark.slow
@world.REAL
def test_make_crash_tries_again_only_what_does_not_hold(tmp_path: Path) -> None:
    results, points = tmp_path / "results.jsonl", ["up ec2:CreateVpc 1 before", "up ec2:CreateVpc 1 after"]
    lines = [{"point": points[0], "hits": [VPC], "problem": ""}, {"point": points[1], "hits": [VPC], "problem": "bad"}]
    results.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    words = ["--others", "0", "--only", "^up ec2:CreateVpc 1 (before|after)$", "--results", str(results)]
    environment = {name: value for name, value in os.environ.items() if name != "NO_WORLD"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.cloud.crash", *words], cwd=ROOT, env=environment,
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert re.findall(r"^1/1, .*: (up .*)$", ended.stdout, re.MULTILINE) == [f"{points[1]}: ok ({VPC})"]
    assert "calls: up 2/2, down 0/0" in ended.stdout
    assert len(results.read_text().splitlines()) == 3


# -- the forks -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2)
    yield made
    made.close()


def begin(pool: Pool, ended: list[tuple[str, int]], text: str, seconds: float = 0.0, code: int = 0) -> None:
    """Begin a fork that says a text after some real seconds and ends with a code."""
    if (end := pool.fork(lambda told, how: ended.append((told, how)))) is None:
        return
    try:
        time.sleep(seconds)
        os.write(end, text.encode())
    finally:
        os._exit(code)


@world.REAL
def test_what_forks_say_and_how_they_end(pool: Pool) -> None:
    ended = list[tuple[str, int]]()
    begin(pool, ended, "fine")
    begin(pool, ended, "x" * 100_000, code=7)
    pool.drain()
    assert sorted(ended) == [("fine", 0), ("x" * 100_000, 7)]


@world.REAL
def test_a_third_fork_waits_for_room(pool: Pool) -> None:
    ended, began = list[tuple[str, int]](), time.monotonic()
    for number in range(3):
        begin(pool, ended, str(number), 0.4)
    assert ended
    assert time.monotonic() - began >= 0.4
    pool.drain()
    assert len(ended) == 3


@world.REAL
def test_after_a_stop_nothing_begins_in_any_thread(pool: Pool) -> None:
    ended = list[tuple[str, int]]()
    for number in range(2):
        begin(pool, ended, str(number), 1.0)
    waiting = threading.Thread(target=begin, args=(pool, ended, "never"))
    waiting.start()
    pool.stop()
    waiting.join(10)
    assert not waiting.is_alive()
    pool.drain()
    assert sorted(ended) == [("0", 0), ("1", 0)]


@world.REAL
def test_at_a_close_forks_are_killed_and_none_is_left(pool: Pool) -> None:
    ended = list[tuple[str, int]]()
    begin(pool, ended, "never", 100.0)
    pool.close()
    assert ended == [("", -signal.SIGKILL)]
    with suppress(ChildProcessError):
        # others of this process, which go on
        assert os.waitpid(-1, os.WNOHANG) == (0, 0)


@world.REAL
def test_a_patient_command_waits_for_answers_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(URLLib3Session, "__init__", URLLib3Session.__init__)
    disturbed.wait(7.0)
    session: Any = URLLib3Session(timeout=60)
    assert session._timeout == 7.0
