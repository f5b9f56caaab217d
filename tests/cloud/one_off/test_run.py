"""`provision run`: one task of a job or a service, its log, its exit code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project

pytestmark = world.EMPTY

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
JOBS = f"""
[jobs.report]
image = "{REGISTRY}/report:1"

[jobs.broken]
image = "{REGISTRY}/broken-exits-with-3:1"

[jobs.endless]
image = "{REGISTRY}/endless-runs-on:1"
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with jobs, before its first `up`."""
    here = Project(cloud, tmp_path)
    here.write(SMALL + JOBS)
    yield here
    here.close()


def tasks(project: Project, job: str) -> list[dict[str, Any]]:
    """Return the tasks of a job, ended ones included."""
    ecs = project.cloud.client("ecs")
    arns = [
        arn
        for desired in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=NAME, family=f"{NAME}-{job}", desiredStatus=desired)["taskArns"]
    ]
    found: list[dict[str, Any]] = (
        ecs.describe_tasks(cluster=NAME, tasks=arns, include=["TAGS"])["tasks"] if arns else []
    )
    return found


def test_a_job_runs_to_its_end_with_its_exit_code(project: Project) -> None:
    assert "is not up" in project.run("run", "report", code=4).err
    project.up()

    ended = project.run("run", "report")
    assert ended.out == "starting\nexiting with code 0\n"
    assert [line.split()[-1] for line in ended.err.splitlines()][:3] == ["PROVISIONING", "PENDING", "RUNNING"]
    (task,) = tasks(project, "report")
    assert (task["startedBy"], task["launchType"]) == ("provision-run", "FARGATE")
    assert {tag["key"]: tag["value"] for tag in task["tags"]}["Project"] == "ecs-sample"

    ended = project.run("run", "broken", "--json", code=3)
    assert [event["text"] for event in ended.said("line")] == ["starting", "exiting with code 3"]
    (last,) = ended.said("ended")
    assert (last["exit_code"], last["reason"]) == (3, "Essential container in task exited; exit code 3")

    ended = project.run("run", "frontend", "--", "python", "-c", "print('--json')")
    own = [task for task in tasks(project, "frontend") if task["group"] == f"family:{NAME}-frontend"]
    (override,) = own[0]["overrides"]["containerOverrides"]
    assert override["command"] == ["python", "-c", "print('--json')"]
    assert 'there is no job or service reprot; did you mean "report"?' in project.run("run", "reprot", code=4).err
    (task_id,) = project.run("run", "report", "--no-wait").out.split()
    assert task_id in project.run("run", "report", code=4).err
    assert project.run("run", "report", "--attach").out.endswith("exiting with code 0\n")


def test_ctrl_c_stops_the_task_and_a_killed_client_finds_it(project: Project) -> None:
    project.up()
    # killed, so the task goes on
    project.cut(120, signal.SIGKILL, "run", "endless")
    (task,) = tasks(project, "endless")
    assert task["lastStatus"] == "RUNNING"
    ended = project.run("run", "endless", code=4)
    assert "runs already: watch it with `provision run endless --attach`" in ended.err
    ended = project.cut(60, signal.SIGINT, "run", "endless", "--attach")
    assert ended.code == 130, ended
    (task,) = tasks(project, "endless")
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")
    assert "ended with exit code 143" in project.run("run", "endless", "--attach", code=143).err
    # in the configuration only
    project.write(SMALL + JOBS + JOBS.split("\n\n", maxsplit=1)[0].replace("report", "later"))
    assert (
        "jobs.later is not in the stack yet: create it with `provision up`" in project.run("run", "later", code=4).err
    )
