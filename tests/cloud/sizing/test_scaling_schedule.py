"""Scaling by the clock: the bounds of a service's number of tasks move at times of day, and no command moves them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import Project

pytestmark = [pytest.mark.slow, world.EMPTY]

WORKER = """
[services.worker]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/worker:1"

[services.worker.scaling]
min = 1
max = 3
cpu = 60
timezone = "Asia/Tokyo"

[services.worker.scaling.schedule.morning]
at = "cron(0 8 * * ? *)"
min = 4
max = 10

[services.worker.scaling.schedule.evening]
at = "cron(0 20 * * ? *)"
"""
TOKYO = ZoneInfo("Asia/Tokyo")
DAY, NIGHT, NONE = (4, 10), (1, 3), (0, 0)


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    yield here
    here.close()


def until(project: Project, hour: int, minute: int = 2) -> None:
    """Let time pass until it is that late in Tokyo."""
    now = datetime.fromtimestamp(project.cloud.time(), UTC).astimezone(TOKYO)
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    project.cloud.advance(((then if then > now else then + timedelta(days=1)) - now).total_seconds())


def bounds(project: Project) -> tuple[int, int]:
    client = project.cloud.client("application-autoscaling")
    (target,) = client.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return target["MinCapacity"], target["MaxCapacity"]


def running(project: Project) -> int:
    ecs = project.cloud.client("ecs")
    return int(ecs.describe_services(cluster=NAME, services=["worker"])["services"][0]["runningCount"])


def begun(project: Project, text: str = WORKER) -> None:
    project.write(text)
    project.up()
    assert project.planned() == {}


def test_tasks_follow_the_clock_and_no_run_resets_them(project: Project) -> None:
    before = project.inventory()
    until(project, 6)
    begun(project)
    assert (bounds(project), running(project)) == (NIGHT, 1)
    until(project, 8)
    assert (bounds(project), running(project)) == (DAY, 4)
    assert project.planned() == {}, "what AWS has set by the schedule is no drift"
    second = WORKER.replace("worker:1", "worker:2")
    project.write(second)
    project.up()
    assert (bounds(project), running(project)) == (DAY, 4), "a run at noon keeps the daytime's bounds"
    by_hand = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    project.cloud.client("application-autoscaling").register_scalable_target(
        **by_hand, ResourceId=f"service/{NAME}/worker", MinCapacity=2, MaxCapacity=10
    )
    drift = project.planned()
    assert {a: one["changes"] for a, one in drift.items()} == {
        "scalable_target/worker": {"min_capacity": {"old": 2, "new": 4}}
    }
    until(project, 20)
    assert (bounds(project), running(project)) == (NIGHT, 3)
    assert project.planned() == {}
    project.write(second.replace("0 20 *", "0 23 *"))
    assert set(project.planned()) == {"scalable_target/worker", "scheduled_action/worker.evening"}
    project.up()
    assert bounds(project) == DAY, "by the changed schedule it is still day"
    project.cloud.wait(lambda: running(project) == 4, "4 tasks run")
    project.write(second.partition("timezone")[0])
    project.up()
    assert bounds(project) == NIGHT
    until(project, 9)
    assert (bounds(project), project.planned()) == (NIGHT, {})
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_a_schedule_wakes_no_service_that_a_command_stopped(project: Project) -> None:
    until(project, 6)
    begun(project)
    project.done("sleep", "--yes")
    until(project, 9)
    assert (bounds(project), running(project)) == (NONE, 0)
    project.done("wake")
    assert (bounds(project), running(project), project.planned()) == (DAY, 4, {})
    until(project, 20)
    assert bounds(project) == NIGHT
    project.done("sleep", "worker", "--yes")
    until(project, 9)
    assert (running(project), project.planned()) == (0, {})
    project.up()
    assert running(project) == 0
    project.done("wake", "worker")
    assert (bounds(project), running(project)) == (DAY, 4)


def test_a_scaled_number_holds_at_any_time_of_day(project: Project) -> None:
    until(project, 9)
    begun(project)
    project.done("scale", "worker", "2", "--max", "2")
    assert (bounds(project), running(project)) == ((2, 2), 2)
    until(project, 20)
    assert (bounds(project), running(project), project.planned()) == ((2, 2), 2, {})
    until(project, 9)
    assert bounds(project) == (2, 2)
    project.done("scale", "worker", "1")
    assert (bounds(project), running(project), project.planned()) == (DAY, 4, {})


def test_a_lost_state_finds_scheduled_actions_again(project: Project) -> None:
    until(project, 9)
    begun(project)
    until(project, 20)
    project.done("scale", "worker", "1")
    for path in (project.directory / ".provision").rglob("state.json"):
        path.unlink()
    project.done("recover", "--yes")
    assert project.planned() == {}
    project.down()
