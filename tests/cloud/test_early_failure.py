"""A deployment whose tasks fail ends `up` after about three of them, with the reason and the end of the log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine.errors import Failed
from provisioner.resources.ecs_problems import ATTEMPTS
from provisioner.resources.ecs_task_definition import TaskDefinition
from provisioner.resources.iam import policy
from provisioner.resources.logs import LogGroup
from steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference, well
from tests.cloud.lookups import NAME
from tests.cloud.project import Ended, Project
from tests.cloud.rig import Outcome, Rig
from tests.cloud.test_resources_ecs_service import CLUSTER, declared

LOG = ("fatal: the configuration is not complete", "exiting with code 1")
SOON = 45.0
"""Seconds; the wait itself would last 90 on the embedded cloud's clock."""
MENDED = r'image = ".*frontend.*"'


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    yield here
    here.close()


def image(project: Project, name: str) -> None:
    project.change(MENDED, f'image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/{name}"')


def failure(ended: Ended) -> str:
    """Why the frontend failed, which nothing else did."""
    (event,) = ended.said("failed")
    assert event["address"] == "service/frontend"
    assert event["error"] in ended.err.replace("\n    ", "\n"), "the user reads it"
    return str(event["error"])


def attempts(project: Project) -> list[dict[str, Any]]:
    """The frontend's stopped tasks that ECS could not keep running."""
    ecs = project.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=NAME, serviceName="frontend", desiredStatus="STOPPED")["taskArns"]
    tasks: list[dict[str, Any]] = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"] if arns else []
    return [task for task in tasks if task["stopCode"] in ("TaskFailedToStart", "EssentialContainerExited")]


def timed(project: Project, code: int) -> Ended:
    begin = time.monotonic()
    ended = project.up(code=code)
    assert time.monotonic() - begin < SOON
    return ended


@pytest.mark.enumeration
def test_an_image_that_cannot_be_pulled_is_reported_and_the_next_up_succeeds(project: Project) -> None:
    before = project.inventory()
    image(project, "frontend-does-not-exist:1")
    why = failure(timed(project, 1))
    # told by the circuit breaker, or by the third task if that is seen first
    assert re.match(
        r"(ECS deployment circuit breaker: tasks failed to start: )?3 failed: CannotPullContainerError", why
    )
    assert "frontend-does-not-exist:1: not found" in why
    assert len(attempts(project)) == ATTEMPTS
    image(project, "frontend:2")
    timed(project, 0)
    assert project.planned() == {}
    project.settled(well, "all tasks and instances")
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


@pytest.mark.enumeration
def test_a_rollback_is_reported_as_a_failure_with_the_end_of_the_log(project: Project) -> None:
    project.up()
    project.settled(well, "all tasks and instances")
    ecs = project.cloud.client("ecs")
    (good,) = ecs.describe_services(cluster=NAME, services=["frontend"])["services"]
    image(project, "frontend-exits-at-once:1")
    why = failure(timed(project, 1))
    assert "rolling back to deployment" in why or "tasks failed to start" in why
    assert "Essential container in task exited; exit code 1" in why
    for line in LOG:
        assert line in why
    assert len(attempts(project)) == ATTEMPTS
    rolled_back = project.settled(well, "the former task runs again")
    (service,) = [s for s in rolled_back["ecs_services"] if s["serviceName"] == "frontend"]
    assert service["taskDefinition"] == good["taskDefinition"]
    assert project.planned().keys() == {"service/frontend"}, "what is wanted is not there"
    failure(timed(project, 1))
    image(project, "frontend:3")
    timed(project, 0)
    assert project.planned() == {}


@pytest.mark.enumeration
def test_it_does_not_wait_for_a_circuit_breaker_that_wants_more_failures(project: Project) -> None:
    """Of twelve tasks ECS lets six fail; by then nobody would be any wiser."""
    project.change(r"^public = true", "public = true\ncount = 12\nscaling = { min = 12, max = 12 }")
    project.cloud.control("POST", "faults", "scenarios=task-fails&only=frontend")
    why = failure(timed(project, 1))
    assert "failed: Essential container in task exited; exit code 1" in why
    for line in LOG:
        assert line in why
    project.cloud.control("POST", "faults", "scenarios=")
    timed(project, 0)


# -- one service, every day ----------------------------------------------------------------------------------------


def logged(stack: Stack, image: str) -> None:
    """Declare a service whose container writes a log."""
    group = f"/ecs/{stack.name}/web"
    stack.ensure(LogGroup("web", group, 7))
    declared(stack, image=image)
    item = stack.declared["task_definition/web"]
    assert isinstance(item.resource, TaskDefinition)
    options = {"awslogs-group": group, "awslogs-region": stack.facts.region, "awslogs-stream-prefix": "web"}
    log = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    containers = [{**container, **log} for container in item.resource.container_definitions]
    stack.declared[item.address] = replace(item, resource=replace(item.resource, container_definitions=containers))


def why(outcome: Outcome) -> str:
    """Why the service failed, which nothing else did."""
    ((address, error),) = outcome.failures().items()
    assert address == "service/web"
    assert isinstance(error, Failed)
    return str(error)


def failed_tasks(rig: Rig) -> int:
    """How many tasks ECS could not keep running."""
    ecs = rig.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName="web", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    return sum(task["stopCode"] in ("TaskFailedToStart", "EssentialContainerExited") for task in tasks)


def test_tasks_that_fail_end_a_deployment_after_three_of_them_and_a_rollback_is_a_failure(rig: Rig) -> None:
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    rig.cloud.client("iam").create_role(RoleName="tasks", AssumeRolePolicyDocument=json.dumps(trust))
    rig.cloud.advance(10)  # until ECS knows it

    def up(image: str) -> Outcome:
        return rig.up(lambda stack: logged(stack, image))

    text = why(up("web-does-not-exist:1"))
    assert "3 failed: CannotPullContainerError: pull image manifest" in text
    assert "web-does-not-exist:1: not found" in text
    assert failed_tasks(rig) == ATTEMPTS
    up("web:1").ok()
    text = why(up("web-exits-at-once:1"))
    assert "rolling back to deployment" in text or "tasks failed to start" in text
    assert "Essential container in task exited; exit code 1" in text
    for line in LOG:
        assert line in text
    assert failed_tasks(rig) == 2 * ATTEMPTS
    assert [item.address for item in rig.plan(lambda stack: logged(stack, "web-exits-at-once:1"))] == ["service/web"]
