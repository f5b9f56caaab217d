"""A deployment whose tasks fail ends `up` when ECS gives it up, with the reason and the end of the log."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine.errors import Failed
from provisioner.engine.events import ResourceWaiting
from provisioner.operations.inspection.health import look
from provisioner.operations.planning import aws_notices, dry_run
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.logs import LogGroup
from provisioner.resources.policies import policy
from provisioner.steps.stack import Stack
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference, well
from tests.cloud.lookups import NAME
from tests.cloud.project import Ended, Project
from tests.cloud.resources.test_resources_ecs_service import CLUSTER, declared
from tests.cloud.rig import Outcome, Rig

pytestmark = [pytest.mark.slow, world.EMPTY]

LOG = ("fatal: the configuration is not complete", "exiting with code 1")
THRESHOLD = 3
"""Failed tasks after which ECS gives up a deployment of few."""
ROLLED_BACK = "Service deployment rolled back because the circuit breaker threshold was exceeded"
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
    """Return the error of the frontend, which nothing else may have."""
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
def test_a_missing_image_is_reported_and_the_next_up_succeeds(project: Project) -> None:
    before = project.inventory()
    image(project, "frontend-does-not-exist:1")
    why = failure(timed(project, 1))
    assert "No rollback candidate was found to run the rollback: 3 failed: CannotPullContainerError" in why
    assert "frontend-does-not-exist:1: not found" in why
    assert len(attempts(project)) == THRESHOLD
    image(project, "frontend:2")
    timed(project, 0)
    assert project.planned() == {}
    project.settled(well, "all tasks and instances")
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


@pytest.mark.enumeration
def test_a_rollback_is_a_failure_that_shows_the_end_of_the_log(project: Project) -> None:
    project.up()
    project.settled(well, "all tasks and instances")
    ecs = project.cloud.client("ecs")
    (good,) = ecs.describe_services(cluster=NAME, services=["frontend"])["services"]
    image(project, "frontend-exits-at-once:1")
    why = failure(timed(project, 1))
    assert ROLLED_BACK in why
    assert "Essential container in task exited; exit code 1" in why
    for line in LOG:
        assert line in why
    assert len(attempts(project)) == THRESHOLD
    rolled_back = project.settled(well, "the former task runs again")
    (service,) = [s for s in rolled_back["ecs_services"] if s["serviceName"] == "frontend"]
    assert service["taskDefinition"] == good["taskDefinition"]
    assert project.planned() == {}
    assert "It is not tried again" in failure(timed(project, 1))
    assert project.planned("--retry-failed").keys() == {"service/frontend"}
    image(project, "frontend:3")
    timed(project, 0)
    assert project.planned() == {}


@pytest.mark.enumeration
def test_it_goes_on_until_the_circuit_breaker_has_had_enough(project: Project) -> None:
    """Of twelve tasks ECS lets six fail, unless `circuit_breaker` says otherwise."""
    project.change(r"^public = true", "public = true\ncount = 12")
    project.change(r"^scaling = { max = 10 }", "scaling = { max = 12 }")
    project.cloud.control("POST", "faults", "scenarios=task-fails&only=frontend")
    why = failure(timed(project, 1))
    assert "failed: Essential container in task exited; exit code 1" in why
    for line in LOG:
        assert line in why
    assert len(attempts(project)) >= 6
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
    """Return the error of the service, which nothing else may have."""
    ((address, error),) = outcome.failures().items()
    assert address == "service/web"
    assert isinstance(error, Failed)
    return str(error)


def failed_tasks(rig: Rig) -> int:
    """Count the tasks that ECS could not keep running."""
    ecs = rig.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName="web", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    return sum(task["stopCode"] in ("TaskFailedToStart", "EssentialContainerExited") for task in tasks)


@pytest.fixture
def tasks_role(rig: Rig) -> None:
    """The role that the tasks run with, once ECS knows it."""
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    rig.cloud.client("iam").create_role(RoleName="tasks", AssumeRolePolicyDocument=json.dumps(trust))
    rig.cloud.advance(10)


def up(rig: Rig, image: str) -> Outcome:
    return rig.up(lambda stack: logged(stack, image))


def planned(rig: Rig, image: str) -> tuple[list[str], list[str]]:
    """Return the changes that `plan` shows, and its notes."""
    aws, stack = rig.aws(), rig.declare(lambda stack: logged(stack, image))
    found = dry_run.show_plan(aws, rig.state().records, stack)
    notes = aws_notices.notes(aws, stack, found)
    rig.close()
    return [f"{item.address}: {', '.join(item.changes)}" for item in found if item.action != "none"], notes


def settled(rig: Rig) -> None:
    """Wait until the service runs the revision that ECS went back to."""
    ecs = rig.cloud.client("ecs")

    def steady() -> bool:
        (found,) = ecs.describe_services(cluster=CLUSTER, services=["web"])["services"]
        return [one["rolloutState"] for one in found["deployments"]] == ["COMPLETED"]

    rig.cloud.wait(steady, "the former revision")


def asked(rig: Rig, since: int) -> Counter[str]:
    """Count the calls for the history of deployments, by operation."""
    calls = (call["operation"] for call in rig.cloud.calls(since))
    return Counter(name for name in calls if "ServiceDeployment" in name or "ServiceRevision" in name)


def last_call(rig: Rig) -> int:
    return max((call["number"] for call in rig.cloud.calls()), default=0)


@pytest.mark.usefixtures("tasks_role")
def test_failed_tasks_end_a_deployment_at_the_threshold(rig: Rig) -> None:
    text = why(up(rig, "web-does-not-exist:1"))
    assert "No rollback candidate was found to run the rollback" in text
    assert "3 failed: CannotPullContainerError: pull image manifest" in text
    assert "web-does-not-exist:1: not found" in text
    assert failed_tasks(rig) == THRESHOLD
    up(rig, "web:1").ok()
    text = why(up(rig, "web-exits-at-once:1"))
    assert ROLLED_BACK in text
    assert "Essential container in task exited; exit code 1" in text
    for line in LOG:
        assert line in text
    assert failed_tasks(rig) == 2 * THRESHOLD


@pytest.mark.usefixtures("tasks_role")
def test_a_rolled_back_revision_is_not_tried_again_unasked(rig: Rig) -> None:
    up(rig, "web:1").ok()
    up(rig, "web-exits-at-once:1")
    settled(rig)
    changes, (note,) = planned(rig, "web-exits-at-once:1")
    assert changes == []
    assert note.startswith(
        f"service/web: ECS rolled {CLUSTER}-web:2 back to {CLUSTER}-web:1: {ROLLED_BACK}: 3 failed: "
    )
    assert "exit code 1. It is not tried again: change the service, or run `provision up --retry-failed`" in note
    again = up(rig, "web-exits-at-once:1")
    assert "It is not tried again" in why(again)
    assert LOG[0] in why(again)
    assert again.writes == []
    health = look(rig.aws(), rig.state())
    rig.close()
    (shown,) = health.services
    assert (shown["running"], shown["rollout"], shown["revision"]) == (1, "COMPLETED", f"{CLUSTER}-web:1")
    assert ROLLED_BACK in shown["problem"]

    rig.retry_failed = True
    changes, (note,) = planned(rig, "web-exits-at-once:1")
    assert changes == ["service/web: task_definition"]
    assert note.endswith("It is tried again")
    assert up(rig, "web-exits-at-once:1").writes == ["UpdateService"]
    assert failed_tasks(rig) == 2 * THRESHOLD
    settled(rig)

    rig.retry_failed = False
    changes, (note,) = planned(rig, "web:2")
    assert changes == ["task_definition/web: container_definitions", "service/web: task_definition"]
    assert note.endswith("exit code 1. It is replaced")
    up(rig, "web:2").ok()
    assert planned(rig, "web:2") == ([], [])


@pytest.mark.usefixtures("tasks_role")
def test_a_changed_setting_of_the_service_is_a_reason_to_retry(rig: Rig) -> None:
    """With more time, or without a shell, the same task definition may come up."""
    up(rig, "web:1").ok()
    up(rig, "web-exits-at-once:1")
    settled(rig)

    def changed(stack: Stack) -> None:
        logged(stack, "web-exits-at-once:1")
        item = stack.declared["service/web"]
        assert isinstance(item.resource, Service)
        without = replace(item.resource, enable_execute_command=False)
        stack.declared[item.address] = replace(item, resource=without)

    assert [sorted(item.changes) for item in rig.plan(changed)] == [["enable_execute_command", "task_definition"]]
    outcome = rig.up(changed)
    assert outcome.writes == ["UpdateService"]
    why(outcome)
    settled(rig)
    assert rig.plan(changed) == [], "it failed with the new setting as well"


@pytest.mark.usefixtures("tasks_role")
def test_a_rollback_that_is_under_way_is_not_disturbed(rig: Rig) -> None:
    up(rig, "web:1").ok()
    up(rig, "web-exits-at-once:1")
    changes, _ = planned(rig, "web-exits-at-once:1")
    assert changes == []
    assert up(rig, "web-exits-at-once:1").writes == []


@pytest.mark.usefixtures("tasks_role")
def test_nobody_asks_for_the_history_of_what_is_well(rig: Rig) -> None:
    since = last_call(rig)
    up(rig, "web:1").ok()
    planned(rig, "web:1")
    up(rig, "web:1").ok()
    assert asked(rig, since) == {}
    up(rig, "web-exits-at-once:1")
    settled(rig)
    since = last_call(rig)
    planned(rig, "web-exits-at-once:1")
    assert set(asked(rig, since).values()) == {1}


@pytest.mark.usefixtures("tasks_role")
def test_a_crash_loop_that_ecs_never_counts_ends_too(rig: Rig) -> None:
    text = why(up(rig, "web-exits-later:1"))
    assert text.startswith("its tasks fail again and again, and ECS does not give up: 3 failed: Essential cont")
    for line in LOG:
        assert line in text
    up(rig, "web:1").ok()


@pytest.mark.usefixtures("tasks_role")
def test_failed_tasks_are_shown_with_their_limit_and_reason(rig: Rig) -> None:
    up(rig, "web:1").ok()
    said = [e.why for e in up(rig, "web-does-not-exist:1").events if isinstance(e, ResourceWaiting)]
    first = f"{CLUSTER}-web:2: 0/1 running, "
    wanted = "1 pending, old tasks still running, 1 failed (given up at 3): CannotPullContainerError: pull image"
    assert any(text.startswith(first + wanted) for text in said), said


@pytest.mark.usefixtures("tasks_role")
def test_a_blue_green_service_is_awaited_by_its_deployment(rig: Rig) -> None:
    """Somebody switched the service to blue/green: ECS shows no state of its roll-outs any more."""
    up(rig, "web:1").ok()
    ecs = rig.cloud.client("ecs")
    (found,) = ecs.describe_services(cluster=CLUSTER, services=["web"])["services"]
    circuit = {"deploymentCircuitBreaker": found["deploymentConfiguration"]["deploymentCircuitBreaker"]}
    strategy = {**circuit, "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3}
    ecs.update_service(cluster=CLUSTER, service="web", deploymentConfiguration=strategy)
    since = last_call(rig)
    assert planned(rig, "web:1") == ([], [])
    assert asked(rig, since) == {}
    begin = rig.cloud.now()
    outcome = up(rig, "web:2").ok()
    assert rig.cloud.now() - begin > 180
    said = [event.why for event in outcome.events if isinstance(event, ResourceWaiting)]
    assert any(
        f"{CLUSTER}-web:2: BLUE_GREEN BAKE_TIME with 100 % of the traffic, 1/1 running" in text for text in said
    ), said
    # ECS's circuit breaker is for rolling updates: the tool judges and stops it
    assert "ECS does not give up: 3 failed" in why(up(rig, "web-exits-at-once:1"))
    assert planned(rig, "web-exits-at-once:1")[0] == []
