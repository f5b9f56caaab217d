"""A stack that AWS puts to sleep and wakes by the clock, and the commands on it meanwhile."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.policies import ITSELF, enforce, policy
from tests.cloud.project import SMALL, Project

SCHEDULE = """
[schedule]
sleep = "cron(0 20 * * ? *)"
wake = "cron(0 7 * * ? *)"
timezone = "Asia/Tokyo"
"""
MORE = """
[services.worker]
extends = "frontend"
command = "work"
scaling = { min = 2, max = 4, cpu = 60 }

[jobs.nightly]
extends = "frontend"
command = "report"
schedule = "rate(1 day)"

[alarms]
email = ["ops@example.com"]
"""
DATABASE = """
[database]
min_acu = 0.5
"""
TOKYO = ZoneInfo("Asia/Tokyo")
AWAKE = {"frontend": 1, "worker": 2, "nightly": "ENABLED", "tells": True}
ASLEEP = {"frontend": 0, "worker": 0, "nightly": "ENABLED", "tells": False}


def stand(here: Project) -> None:
    """A stack, up, that sleeps at night: a service with a number of tasks, another that scales, a job, alarms."""
    here.write(SMALL + MORE + SCHEDULE)
    here.up()
    until(here, 12)


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def until(project: Project, hour: int, minute: int = 2) -> None:
    """Let time pass until it is that late in Tokyo."""
    now = datetime.fromtimestamp(project.cloud.time(), UTC).astimezone(TOKYO)
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    project.cloud.advance(((then if then > now else then + timedelta(days=1)) - now).total_seconds())


def shown(project: Project) -> dict[str, Any]:
    """Return the running tasks, the state of the schedule, and whether the alarms tell somebody."""
    client = project.cloud.client
    services = client("ecs").describe_services(cluster=NAME, services=["frontend", "worker"])["services"]
    alarms = client("cloudwatch").describe_alarms(AlarmNames=[f"{NAME}-{one}" for one in QUIET])["MetricAlarms"]
    (tells,) = {one["ActionsEnabled"] for one in alarms}
    return {
        **{one["serviceName"]: one["runningCount"] for one in services},
        "nightly": client("scheduler").get_schedule(GroupName=NAME, Name="nightly")["State"],
        "tells": tells,
    }


QUIET = ("errors", "frontend-running", "worker-running")


def calls(project: Project) -> dict[str, str]:
    """The schedules by which it sleeps and wakes, and whether they are on."""
    found = project.cloud.client("scheduler").list_schedules(GroupName=NAME)["Schedules"]
    return {one["Name"]: one["State"] for one in found if "aws-sdk" in one["Target"]["Arn"]}


def test_a_stack_sleeps_and_wakes_by_the_clock(project: Project) -> None:
    assert calls(project) == dict.fromkeys(
        [f"{one}.{when}" for one in ("frontend", "worker") for when in ("sleep", "wake")]
        + ["sleep.alarms", "wake.alarms"],
        "ENABLED",
    )
    clean(project)
    until(project, 20)
    assert shown(project) == ASLEEP
    assert project.planned() == {}
    for command in ("plan", "status"):
        told = " ".join(project.run(command).out.split())
        assert re.search(r"note: asleep until \w{3} 07:00 JST by schedule: `provision wake` starts it now", told), told
    assert project.run("status", "--json").document["asleep"] is True
    assert " -> " not in project.run("plan").out, "it costs as much as by day"

    since = project.last_call()
    for words in ("up --yes", "deploy", "rollback frontend", "scale frontend 3", "sleep --tasks --yes", "wake --tasks"):
        told = project.run(*words.split(), code=4).err
        assert "the stack is asleep until" in told
        assert "run `provision wake`" in told
    assert project.writes(since) == []

    until(project, 7)
    assert shown(project) == AWAKE | {"tells": False}, "tasks only start now"
    until(project, 7, 20)
    assert shown(project) == AWAKE
    clean(project)
    assert "asleep" not in project.run("status").out


def test_who_wakes_it_at_night_has_it_until_the_next_night(project: Project) -> None:
    until(project, 20)
    told = project.run("wake")
    assert shown(project) == AWAKE
    assert "sleeps again by schedule" in told.out + told.err
    clean(project)
    until(project, 20)
    assert shown(project) == ASLEEP


def test_a_service_that_is_new_at_night_comes_after_wake(project: Project) -> None:
    until(project, 20)
    project.write(SMALL + MORE + SCHEDULE + '[services.more]\nextends = "frontend"\ncommand = "more"\n')
    assert "run `provision wake` first" in project.run("up", "--yes", code=4).err
    project.run("wake")
    assert shown(project) == AWAKE
    project.up()
    assert calls(project)["more.wake"] == "ENABLED"


def test_sleep_by_hand_lasts_until_wake_by_hand(project: Project) -> None:
    project.run("sleep", "--yes")
    assert {*calls(project).values()} == {"DISABLED"}
    until(project, 8)
    assert shown(project) == ASLEEP | {"nightly": "DISABLED"}
    assert project.planned() == {}
    project.run("wake")
    assert {*calls(project).values()} == {"ENABLED"}
    assert shown(project) == AWAKE
    clean(project)


def test_what_is_paused_or_scaled_stays_so_over_night(project: Project) -> None:
    project.run("sleep", "frontend", "--yes")
    project.run("scale", "worker", "3")
    project.up()
    off = {name for name, state in calls(project).items() if state == "DISABLED"}
    assert off == {"frontend.sleep", "frontend.wake"}
    clean(project)
    until(project, 20)
    assert shown_tasks(project) == {"frontend": 0, "worker": 0}
    assert "by schedule" in project.run("plan").out
    until(project, 7, 30)
    assert shown_tasks(project) == {"frontend": 0, "worker": 3}
    clean(project)
    project.run("wake", "--tasks")
    assert {*calls(project).values()} == {"ENABLED"}
    clean(project)


def shown_tasks(project: Project) -> dict[str, int]:
    services = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend", "worker"])["services"]
    return {one["serviceName"]: one["runningCount"] for one in services}


def test_without_the_table_it_wakes_and_the_rest_is_gone(project: Project) -> None:
    until(project, 20)
    project.write(SMALL + MORE)
    project.up()
    assert shown(project) == AWAKE
    assert calls(project) == {}
    clean(project)
    project.write(SMALL + MORE + SCHEDULE)
    project.up()
    until(project, 12)
    until(project, 20)
    project.down()
    left = project.cloud.client("scheduler").list_schedules()["Schedules"]
    assert left == []


@world.EMPTY
def test_a_database_stops_with_it_and_comes_back(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    project = Project(cloud, tmp_path)
    project.write(SMALL + SCHEDULE + DATABASE)
    project.up()
    until(project, 12)

    def database() -> str:
        (cluster,) = cloud.client("rds").describe_db_clusters()["DBClusters"]
        return str(cluster["Status"])

    until(project, 21)
    assert database() == "stopped"
    assert project.planned() == {}
    assert "asleep until" in project.run("status").out
    project.write(SMALL + DATABASE)
    assert "run `provision wake`" in project.run("up", "--yes", code=4).err, "AWS changes nothing of a stopped database"
    project.write(SMALL + SCHEDULE + DATABASE)
    until(project, 8)
    assert database() == "available"
    clean(project)
    until(project, 21)
    project.run("wake")
    assert database() == "available"
    project.down()
    project.close()


def test_a_lost_state_is_recovered_while_it_sleeps(project: Project) -> None:
    until(project, 20)
    for path in project.state.rglob("state.json"):
        path.unlink()
    for path in project.state.rglob("*.jsonl"):
        path.unlink()
    project.run("recover", "--yes")
    assert project.planned() == {}
    assert "asleep until" in project.run("status").out


@world.EMPTY
def test_the_printed_policies_are_enough(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    project = Project(cloud, tmp_path)
    project.write(SMALL + MORE + SCHEDULE)
    project.run("policy", "--create-boundary")
    documents = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(cloud, *documents, policy(ITSELF))
    project.up()
    enforce(cloud)
    role = cloud.client("iam").get_role(RoleName=f"{NAME}-sleep")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(f"policy/{NAME}-boundary")
    until(project, 12)
    until(project, 20)
    assert shown(project) == ASLEEP, "what the roles do is within the boundary"
    enforce(cloud, *documents, policy(ITSELF))
    project.run("wake")
    project.down()
    enforce(cloud)
    project.close()
