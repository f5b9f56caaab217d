"""Jobs that run by the clock: EventBridge Scheduler runs the revision that the services run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY, tasks
from tests.cloud.project import SMALL, Project

pytestmark = [pytest.mark.slow, world.EMPTY]


def with_schedule(image: str, when: str = 'schedule = "cron(0/5 * * * ? *)"') -> str:
    return f'{SMALL}\n[jobs.report]\nimage = "{REGISTRY}/{image}"\ncommand = "report --all"\n{when}\n'


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with a job that runs every five minutes, before its first `up`."""
    here = Project(cloud, tmp_path)
    here.write(with_schedule("report:1"))
    yield here
    here.close()


def test_a_schedule_runs_the_revision_of_the_services(project: Project) -> None:
    before = project.inventory()
    project.up()
    assert project.planned() == {}
    scheduler = project.cloud.client("scheduler")
    shown = scheduler.get_schedule(GroupName=NAME, Name="report")
    assert shown["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert shown["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}
    began = project.cloud.time()
    project.cloud.advance(3600)
    runs = [task for task in tasks(project, "report") if task["createdAt"].timestamp() > began]
    assert len(runs) == 12, [task["createdAt"] for task in runs]
    assert {task["launchType"] for task in runs} == {"FARGATE"}
    assert {task["taskDefinitionArn"].rpartition("/")[2] for task in runs} == {f"{NAME}-report:1"}
    assert {task["lastStatus"] for task in runs} >= {"STOPPED"}

    project.write(with_schedule("report:2", 'schedule = "cron(30 3 * * ? *)"\ntimezone = "Asia/Tokyo"'))
    changes = project.planned()["schedule/report"]["changes"]
    assert changes.keys() == {"schedule_expression", "schedule_expression_timezone", "task_definition"}
    project.up()
    assert project.planned() == {}
    shown = scheduler.get_schedule(GroupName=NAME, Name="report")
    assert shown["Target"]["EcsParameters"]["TaskDefinitionArn"].endswith(f"{NAME}-report:2")
    # changed by hand, it is drift
    scheduler.update_schedule(
        **{
            name: value
            for name, value in shown.items()
            if name in ("GroupName", "Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        }
        | {"State": "DISABLED"}
    )
    assert project.planned()["schedule/report"]["changes"].keys() == {"state", "schedule_expression_timezone"}
    project.up()

    project.write(SMALL)
    results = project.up().results
    assert {results[address] for address in ("schedule/report", "schedule_group/main", "role/schedules")} == {"deleted"}
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_the_role_may_run_these_families_and_no_more(project: Project) -> None:
    project.up()
    iam = project.cloud.client("iam")
    document = iam.get_role_policy(RoleName=f"{NAME}-schedules", PolicyName="run")["PolicyDocument"]
    run, passed = document["Statement"]
    place = "arn:aws:ecs:ap-northeast-1:123456789012"
    assert (run["Action"], run["Resource"]) == ("ecs:RunTask", f"{place}:task-definition/{NAME}-report:*")
    assert run["Condition"] == {"ArnEquals": {"ecs:cluster": f"{place}:cluster/{NAME}"}}
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert sorted(passed["Resource"]) == [
        f"arn:aws:iam::123456789012:role/{NAME}-execution",
        f"arn:aws:iam::123456789012:role/{NAME}-task-report",
    ]
