"""Scaling by the clock: the bounds of a service's number of tasks move at times of day, and no command moves them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import MOMENTS, AtCall
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.policies import ITSELF, enforce, policy
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
    for path in [*project.state.rglob("state.json"), *project.state.rglob("*.jsonl")]:
        path.unlink()
    project.done("recover", "--yes")
    assert project.planned() == {}
    project.down()


CALLS = ("PutScheduledAction", "DeleteScheduledAction", "RegisterScalableTarget")


def test_a_killed_change_of_the_schedule_goes_on(project: Project) -> None:
    until(project, 9)
    begun(project)
    changed = WORKER.replace("scaling.schedule.evening", "scaling.schedule.night").replace("min = 4", "min = 5")
    for number, (name, when) in enumerate((name, when) for name in CALLS for when in MOMENTS):
        text = WORKER if number % 2 else changed
        project.write(text)
        assert AtCall(1, when, f"application-autoscaling:{name}")(project, "up --yes"), f"{name} {when}"
        project.up()
        assert project.planned() == {}
        assert bounds(project) == (4 if text is WORKER else 5, 10)
    project.down()


def test_the_printed_policy_is_enough(project: Project) -> None:
    project.write(WORKER)
    project.run("policy", "--create-boundary")
    policies = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(project.cloud, *policies, policy(ITSELF))
    project.up()
    for words in ("scale worker 2", "sleep --tasks --yes", "wake --tasks", "scale worker 1"):
        project.done(*words.split())
    project.write(WORKER.partition("[services.worker.scaling.schedule.evening]")[0])
    project.up()
    assert project.planned() == {}
    project.down()


def test_status_and_costs_know_the_times(project: Project) -> None:
    until(project, 9)
    begun(project)
    (told,) = project.done("status", "--json").document["notes"]
    assert re.fullmatch(r"services.worker: 4 to 10 tasks until \w{3} 20:00 JST, then 1 to 3", told)
    found = project.done("cost", "--json").document["resources"]
    (costs,) = [one for one in found if one["address"] == "service/worker"]
    # half a day with 4 tasks at least, half a day with 1
    assert costs["lines"][0]["what"] == "3 × 0.25 vCPU, Spot"
    assert costs["idle"] == pytest.approx(costs["at_most"] * 3 / 10, rel=1e-3)
