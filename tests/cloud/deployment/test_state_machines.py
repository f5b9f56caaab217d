"""Jobs by the clock with a timeout or retries: a state machine of Step Functions runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY, tasks
from tests.cloud.project import SMALL, Project

pytestmark = [pytest.mark.slow, world.EMPTY]

HOURLY = 'schedule = "cron(0 * * * ? *)"'
MACHINE = f"arn:aws:states:ap-northeast-1:123456789012:stateMachine:{NAME}-report"


def with_job(image: str, *rows: str) -> str:
    return "\n".join([SMALL, "[jobs.report]", f'image = "{REGISTRY}/{image}"', HOURLY, *rows, ""])


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    yield here
    here.close()


def ends(project: Project) -> list[str]:
    """Return the states of the executions, the newest first."""
    pages = project.cloud.client("stepfunctions").list_executions(stateMachineArn=MACHINE)
    return [one["status"] for one in pages["executions"]]


def failed(project: Project) -> list[dict[str, Any]]:
    """Return the tasks whose program has failed."""
    return [one for one in tasks(project, "report") if one["containers"][0].get("exitCode")]


def test_a_run_that_fails_is_repeated(project: Project) -> None:
    before = project.inventory()
    project.write(with_job("report:1", "retries = 2"))
    project.up()
    assert project.planned() == {}
    project.cloud.control("POST", "faults", "scenarios=task-fails&only=scheduled-report")
    project.cloud.wait(lambda: len(failed(project)) == 2, "two runs that fail")
    project.cloud.control("POST", "faults", "scenarios=")
    # the next hour's execution may have begun meanwhile
    project.cloud.wait(lambda: ends(project)[-1] != "RUNNING", "the end of the execution")
    assert ends(project)[-1] == "SUCCEEDED"
    assert len(failed(project)) == 2
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_a_run_is_ended_with_its_time(project: Project) -> None:
    project.write(with_job("report-runs-on:1", "timeout = 300", "retries = 1"))
    project.up()
    project.cloud.wait(lambda: set(ends(project)) - {"RUNNING"}, "the end of an execution")
    assert ends(project) == ["TIMED_OUT"]
    (task,) = tasks(project, "report")
    project.cloud.wait(lambda: tasks(project, "report")[0]["lastStatus"] == "STOPPED", "the end of its task")
    (task,) = tasks(project, "report")
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")


def test_down_ends_a_run_under_way(project: Project) -> None:
    before = project.inventory()
    project.write(with_job("report-runs-on:1", "timeout = 86400", "retries = 3"))
    project.up()
    project.cloud.wait(lambda: ends(project) == ["RUNNING"], "a run")
    project.down()
    assert {one["lastStatus"] for one in tasks_anywhere(project)} <= {"STOPPED"}
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_a_job_gets_the_other_way_to_run_and_back(project: Project) -> None:
    project.write(with_job("report:1"))
    project.up()
    project.write(with_job("report:1", "retries = 1"))
    planned = project.planned()
    assert {address: one["action"] for address, one in planned.items()} == {
        "role/machines": "create",
        "state_machine/report": "create",
        "role/schedules": "change",
        "schedule/report": "change",
    }
    project.up()
    assert project.planned() == {}
    roles = project.cloud.client("iam").list_role_policies(RoleName=f"{NAME}-schedules")["PolicyNames"]
    assert [one.partition("-")[0] for one in roles] == ["start"]
    project.cloud.advance(3600)
    assert (len(tasks(project, "report")), ends(project)) == (1, ["SUCCEEDED"])

    project.write(with_job("report:1"))
    results = project.up().results
    assert results["schedule/report"] == "changed"
    assert {results[one] for one in ("state_machine/report", "role/machines")} == {"deleted"}
    assert project.planned() == {}
    project.cloud.advance(3600)
    assert [one["startedBy"] for one in tasks(project, "report")] == ["chronos-schedule/report"]


def test_a_run_under_way_outlives_its_machine_key(project: Project) -> None:
    project.write(with_job("report-ends-after-900s:1", "retries = 1"))
    project.up()
    project.cloud.wait(lambda: ends(project) == ["RUNNING"], "a run")
    project.write(with_job("report-ends-after-900s:1"))
    project.up()
    assert [one["containers"][0]["exitCode"] for one in tasks(project, "report")] == [0]


def tasks_anywhere(project: Project) -> list[dict[str, Any]]:
    ecs = project.cloud.client("ecs")
    return [
        one
        for cluster in ecs.list_clusters()["clusterArns"]
        for arn in ecs.list_tasks(cluster=cluster)["taskArns"]
        for one in ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    ]
