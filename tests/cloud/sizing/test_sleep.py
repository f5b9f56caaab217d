"""A whole stack of which nothing runs, and that runs again as it was."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.crash.cuts import MOMENTS, AtCall, AtStateStep, Cut
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.policies import enforce
from tests.cloud.project import SMALL, Project

MORE = """
[services.worker]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
launch = "ec2"
database = true

[jobs.nightly]
extends = "worker"
schedule = "rate(1 day)"

[database]
min_acu = 0.5

[capacity]
min = 1
"""
AWAKE = {"frontend": 1, "worker": 1, "nightly": "ENABLED", "database": "available", "least": 1}
ASLEEP = {"frontend": 0, "worker": 0, "nightly": "DISABLED", "database": "stopped", "least": 0}


def stand(here: Project) -> None:
    """A stack, up: on Fargate and on an instance, with a job, and a database that does not pause by itself."""
    here.write(SMALL + MORE)
    here.up()


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def shown(project: Project) -> dict[str, Any]:
    """Return AWS's view of the stack: running tasks, the schedule, the database, and the group's minimum."""
    client = project.cloud.client
    services = client("ecs").describe_services(cluster=NAME, services=["frontend", "worker"])["services"]
    (cluster,) = client("rds").describe_db_clusters()["DBClusters"]
    (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {
        **{one["serviceName"]: one["runningCount"] for one in services},
        "nightly": client("scheduler").get_schedule(GroupName=NAME, Name="nightly")["State"],
        "database": cluster["Status"],
        "least": group["MinSize"],
    }


def instances(project: Project) -> list[str]:
    arns: list[str] = project.cloud.client("ecs").list_container_instances(cluster=NAME)["containerInstanceArns"]
    return arns


def test_all_sleeps_and_wakes_as_it_was(project: Project) -> None:
    project.run("scale", "frontend", "2")
    since = project.last_call()
    assert "`sleep` stops all of" in project.run("sleep", code=4).err
    assert project.writes(since) == []
    ended = project.run("sleep", "--yes", "--json")
    told = " ".join(one["text"] for one in ended.said("notice"))
    assert "after 7 days" in told
    assert "load_balancer/main" in told
    assert shown(project) == ASLEEP
    project.cloud.wait(lambda: not instances(project), "no container instance")

    assert project.planned() == {}
    for command in ("plan", "status"):
        assert "note: the stack is asleep" in project.run(command).out
    since = project.last_call()
    for words in ("up --yes", "deploy", "rollback frontend", "scale frontend 3", "sleep --tasks --yes", "wake --tasks"):
        assert "the stack is asleep: run `provision wake`" in project.run(*words.split(), code=4).err
    assert project.writes(since) == []

    project.run("wake")
    assert shown(project) == AWAKE | {"frontend": 2}
    assert len(instances(project)) == 1
    clean(project)


def test_what_is_paused_stays_so_and_what_sleeps_goes_down(project: Project) -> None:
    project.run("sleep", "frontend", "--yes")
    project.run("sleep", "--yes")
    project.run("wake")
    assert shown(project) == AWAKE | {"frontend": 0}
    clean(project)
    project.run("sleep", "--yes")
    project.run("down", "--yes")
    project.up()
    assert shown(project) == AWAKE


def test_a_database_that_pauses_by_itself_is_left_alone(project: Project) -> None:
    project.change("min_acu = 0.5", "min_acu = 0")
    project.up()
    since = project.last_call()
    ended = project.run("sleep", "--yes")
    assert "pauses by itself" in ended.err + ended.out
    assert shown(project) == ASLEEP | {"database": "available"}
    assert not [one for one in project.writes(since) if one.startswith("rds:")]
    project.run("wake")
    clean(project)


def test_wake_fails_while_something_cannot_run(project: Project) -> None:
    project.run("sleep", "--yes")
    group = project.cloud.client("autoscaling")
    group.update_auto_scaling_group(AutoScalingGroupName=NAME, MaxSize=0)
    assert "minimum_size/main" in project.run("wake", code=1).err
    group.update_auto_scaling_group(AutoScalingGroupName=NAME, MaxSize=10)
    project.run("wake")
    assert shown(project) == AWAKE


CALLS = (
    "ecs:UpdateService", "scheduler:UpdateSchedule", "autoscaling:UpdateAutoScalingGroup", "rds:StopDBCluster",
    "rds:StartDBCluster",
)  # fmt: skip
KILLS: tuple[Cut, ...] = (
    *(AtCall(1, when, operation) for operation in CALLS for when in MOMENTS),
    *(AtStateStep("journal", step, "torn") for step in (1, 3)),
)


def test_what_is_killed_goes_on(project: Project) -> None:
    for cut in KILLS:
        for command, then, never in (("sleep --yes", ASLEEP, "StartDB"), ("wake", AWAKE, "StopDB")):
            assert cut(project, command) or never in str(cut), f"{command} {cut}"
            project.run(*command.split())
            assert shown(project) == then, f"{command} {cut}"
            assert project.planned() == {}, f"{command} {cut}"


def test_the_printed_policy_is_enough(project: Project) -> None:
    policies = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(project.cloud, *policies)
    project.run("sleep", "--yes")
    project.run("wake")
    clean(project)
