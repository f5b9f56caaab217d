"""Reasons why a service's tasks do not start, from AWS's answers to DescribeServices.

The answers are cut to the relevant members (cloud-custodian, tests/data/placebo: test_ecs_service_subnet and
test_ecs_service_autoscaling_offhours, Apache-2.0).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from provisioner.engine.resource import Observed
from provisioner.resources.ecs.deployments import Deployment, as_asked, newer, revision_fields
from provisioner.resources.ecs.hosts import explained
from provisioner.resources.ecs.problems import completed, rollout, troubled
from provisioner.resources.ecs.progress import PROGRESS, Progress
from provisioner.resources.ecs.service import Service

UNPLACED = (
    "(service c7n-test) was unable to place a task because no container instance met all of its requirements. Reason: "
    "No Container Instances were found in your cluster. For more information, see the Troubleshooting section of the "
    "Amazon ECS Developer Guide."
)
REASON = "No Container Instances were found in your cluster"


def service(state: str, failed: int) -> dict[str, Any]:
    """A service of one task that has none."""
    deployment = {
        "id": "ecs-svc/7003494286281461562",
        "status": "PRIMARY",
        "desiredCount": 1,
        "runningCount": 0,
        "failedTasks": failed,
        "createdAt": datetime(2021, 2, 16, tzinfo=UTC),
        "rolloutState": state,
    }
    event = {"createdAt": datetime(2021, 2, 17, tzinfo=UTC), "message": UNPLACED}
    return {"deployments": [deployment], "events": [event]}


def told(state: str, failed: int) -> tuple[bool, str]:
    return told_of(service(state, failed))


def told_of(shown: dict[str, Any], deployment: Deployment | None = None, *stopped: dict[str, Any]) -> tuple[bool, str]:
    """Return whether a service's deployment failed, and the reason."""
    found = rollout(cast("Any", None), shown, deployment, stopped)
    return found.failed, found.problem


def test_a_task_that_could_not_be_placed_is_not_given_up() -> None:
    failed, why = told("IN_PROGRESS", 10)
    assert not failed
    assert why.startswith("10 failed: was unable to place a task")
    assert REASON in why


def test_tasks_that_are_placed_at_last_are_waited_for() -> None:
    """Unplaced tasks count until one runs; none of them stopped."""
    placed = service("IN_PROGRESS", 10)
    started = "(service c7n-test) has started 1 tasks: (task 9c8035201098472693b0ae23a743fdf1)."
    placed["events"].insert(0, {"createdAt": datetime(2021, 2, 18, tzinfo=UTC), "message": started})
    assert not told_of(placed)[0]


def test_what_ecs_said_before_all_was_well_is_no_reason() -> None:
    before = service("COMPLETED", 0)
    steady = "(service c7n-test) has reached a steady state."
    before["events"].insert(0, {"createdAt": datetime(2021, 2, 18, tzinfo=UTC), "message": steady})
    assert told_of(before) == (False, "")


def test_a_completed_deployment_without_its_tasks_says_why() -> None:
    failed, why = told("COMPLETED", 0)
    assert not failed
    assert REASON in why


def test_a_completed_deployment_with_its_tasks_has_no_trouble() -> None:
    whole = service("COMPLETED", 0)
    whole["deployments"][0]["runningCount"] = 1
    assert told_of(whole) == (False, "")


@pytest.mark.parametrize(
    ("new", "there", "wanted", "words"),
    [
        (0, 0, 1, "web:2: 0/1 running, 1 pending"),
        (1, 2, 1, "web:2: 1/1 running, old tasks still running"),
        (0, 1, 1, "web:2: 0/1 running, 1 pending, old tasks still running"),
        (1, 1, 1, "web:2: 1/1 running, waiting for ECS to complete the deployment"),
        (1, 0, 1, "web:2: 0/1 running"),
    ],
)
def test_how_far_a_deployment_is(new: int, there: int, wanted: int, words: str) -> None:
    attributes = {"desired_count": wanted, "task_definition": "arn:aws:ecs:x:1:task-definition/web:2"}
    progress = Progress(there, new, wanted - new, "IN_PROGRESS")
    assert Service.pending(Observed("arn", attributes, details={PROGRESS: progress})) == words


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("TaskFailedToStart: RESOURCE:ENI", "no instance has a network interface left"),
        ("TaskFailedToStart: NO ACTIVE INSTANCES", "all instances are leaving the cluster"),
        (
            "Unexpected EC2 error while attempting to Create Network Interface: InsufficientFreeAddressesInSubnet",
            "the subnet has no address left: lower services.*.scaling.max, or raise network.zones",
        ),
    ],
)
def test_reasons_in_ecs_own_words_are_explained(reason: str, meaning: str) -> None:
    assert explained(reason) == f"{reason} ({meaning})"


def test_a_reason_that_is_a_sentence_stays_as_it_is() -> None:
    assert explained("Task failed container health checks") == "Task failed container health checks"


def test_another_strategy_is_shown_with_its_stage() -> None:
    attributes = {"desired_count": 1, "task_definition": "arn:aws:ecs:x:1:task-definition/web:2"}
    progress = Progress(2, 1, 0, "IN_PROGRESS", strategy="BLUE_GREEN", stage="BAKE_TIME", weight=100.0)
    words = "web:2: BLUE_GREEN BAKE_TIME with 100 % of the traffic, 1/1 running, old tasks still running"
    assert Service.pending(Observed("arn", attributes, details={PROGRESS: progress})) == words


NUMBER = "7003494286281461562"


def under_way(failed: int = 0, **deployment: Any) -> Deployment:
    """Return ECS's facts about the deployment of `service`."""
    return Deployment("IN_PROGRESS", revision=NUMBER, failures=failed, threshold=3, **deployment)


def ended(reason: str, code: str, *, ran: bool) -> dict[str, Any]:
    """A task of that deployment that stopped."""
    task = {"startedBy": f"ecs-svc/{NUMBER}", "stoppedReason": reason, "stopCode": code, "taskDefinitionArn": "web:2"}
    return task | ({"startedAt": datetime(2021, 2, 17, tzinfo=UTC)} if ran else {})


def test_the_limit_is_the_circuit_breakers_own() -> None:
    """With `count = 50` ECS gives up at 25 failures: three of them say nothing."""
    started = ended("CannotPullContainerError: not found", "TaskFailedToStart", ran=False)
    few = Deployment("IN_PROGRESS", revision=NUMBER, failures=3, threshold=25)
    failed, why = told_of(service("IN_PROGRESS", 3), few, started, started, started)
    assert not failed
    assert why == "3 failed (given up at 25): CannotPullContainerError: not found"


def test_a_failed_health_check_is_a_failure_with_its_reason() -> None:
    unhealthy = ended("Task failed ELB health checks", "ServiceSchedulerInitiated", ran=True)
    failed, why = told_of(service("IN_PROGRESS", 1), under_way(1), unhealthy)
    assert not failed
    assert why.startswith("1 failed (given up at 3): Task failed ELB health checks. If it needs longer to start")


@pytest.mark.parametrize(("crashes", "failed"), [(2, False), (3, True)])
def test_a_crash_loop_has_failed_at_the_breakers_limit(crashes: int, failed: bool) -> None:
    """ECS counts none of them, and goes on for ever."""
    crash = ended("Essential container in task exited", "EssentialContainerExited", ran=True)
    found = rollout(NO_LOGS, service("IN_PROGRESS", 0), under_way(), [crash] * crashes)
    assert found.failed is failed
    assert ("and ECS does not give up" in found.reason) is failed
    assert found.judged is failed
    running = service("IN_PROGRESS", 0)
    running["deployments"][0]["runningCount"] = 1
    assert not rollout(NO_LOGS, running, under_way(), [crash] * crashes).failed


BREAKER = {"enable": True, "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}


@pytest.mark.parametrize(
    ("stage", "crashes", "judged"),
    [("SCALE_UP", 2, False), ("SCALE_UP", 3, True), ("PRE_SCALE_UP", 3, True), ("BAKE_TIME", 3, False)],
)
def test_no_breaker_watches_what_shifts_traffic(stage: str, crashes: int, judged: bool) -> None:
    """AWS's breaker is for rolling updates only: it has no count and no threshold of such a deployment."""
    shown = {**service("IN_PROGRESS", 0), "desiredCount": 1}
    shown["deploymentConfiguration"] = {"strategy": "CANARY", "deploymentCircuitBreaker": BREAKER}
    shown["deployments"][0]["runningCount"] = 1
    told = Deployment("IN_PROGRESS", stage=stage, strategy="CANARY", revision=NUMBER)
    never_ran = ended("Essential container in task exited", "EssentialContainerExited", ran=False)
    found = rollout(NO_LOGS, shown, told, [never_ran] * crashes)
    assert (found.judged, found.failed) == (judged, judged)
    off = {**shown, "deploymentConfiguration": {"strategy": "CANARY", "deploymentCircuitBreaker": {"enable": False}}}
    assert not rollout(NO_LOGS, off, told, [never_ran] * 9).judged


@pytest.mark.parametrize("status", ["PENDING", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "SUCCESSFUL"])
def test_nothing_is_judged_before_it_began_or_when_it_ends(status: str) -> None:
    crash = ended("Essential container in task exited", "EssentialContainerExited", ran=True)
    told = Deployment(status, revision=NUMBER, threshold=3)
    assert not rollout(NO_LOGS, service("IN_PROGRESS", 0), told, [crash] * 3).judged


@pytest.mark.parametrize(
    ("task", "cause"),
    [
        ({"containers": [{"name": "web", "exitCode": 7}]}, "exit code 7"),
        ({"containers": [{"name": "web", "exitCode": 0}, {"name": "proxy", "exitCode": 1}]}, "exit code 1 of proxy"),
        ({"containers": [{"name": "web", "exitCode": 137}], "stoppedReason": "Task failed ELB health checks"},
         "Task failed ELB health checks; exit code 137"),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_cause_has_a_few_words(task: dict[str, Any], cause: str) -> None:
    failed = {**ended("Essential container in task exited", "EssentialContainerExited", ran=True), **task}
    found = rollout(NO_LOGS, service("FAILED", 3), under_way(), [failed] * 3)
    assert found.cause == (cause or "Essential container in task exited")


class _Ecs:
    """A stand-in for ECS with a task definition without logs."""

    def client(self, _: str) -> Any:
        return self

    def describe_task_definition(self, **_: str) -> dict[str, Any]:
        return {"taskDefinition": {"containerDefinitions": []}}


NO_LOGS = cast("Any", _Ecs())


@pytest.mark.parametrize(
    ("status", "triggered", "back_to", "state", "failed", "undone"),
    [
        ("PENDING", False, "", "IN_PROGRESS", False, False),
        ("IN_PROGRESS", False, "", "IN_PROGRESS", False, False),
        ("SUCCESSFUL", False, "", "COMPLETED", False, False),
        ("STOPPED", False, "", "IN_PROGRESS", False, False),
        ("STOPPED", True, "", "FAILED", True, False),
        ("ROLLBACK_REQUESTED", False, "", "IN_PROGRESS", False, True),
        ("ROLLBACK_IN_PROGRESS", True, "1", "IN_PROGRESS", False, True),
        ("ROLLBACK_SUCCESSFUL", True, "1", "COMPLETED", False, True),
        ("ROLLBACK_FAILED", True, "", "FAILED", True, False),
        ("PAUSED", False, "", "IN_PROGRESS", False, False),
    ],
)
def test_without_a_rollout_state_the_history_says_how_far_it_is(
    status: str, triggered: bool, back_to: str, state: str, failed: bool, undone: bool
) -> None:
    """The rollout state, always present for ECS's own controller (API reference, Deployment), may be missing."""
    shown = {**service("", 0), "runningCount": 0, "desiredCount": 1}
    del shown["deployments"][0]["rolloutState"]
    told = Deployment(status, "because", revision=NUMBER, back_to=back_to, triggered=triggered)
    found = rollout(NO_LOGS, shown, told, [])
    assert (found.state, found.failed, found.undone) == (state, failed, undone)
    assert (found.reason == "because") is told.failed


@pytest.mark.parametrize(("strategy", "asked"), [("CANARY", True), ("ROLLING", False)])
def test_the_history_is_asked_how_far_traffic_was_shifted(strategy: str, asked: bool) -> None:
    """ECS tells a state of a canary too (JWanderer73/credit-card-fraud, docs/evidence), but no stage and no weight."""
    shown = {**service("IN_PROGRESS", 0), "deploymentConfiguration": {"strategy": strategy}}
    assert troubled(shown, []) is asked
    assert not troubled({**shown, **service("COMPLETED", 0)}, [])


def test_a_service_without_a_rollout_state_awaits_its_old_tasks() -> None:
    shown = {**service("", 0), "runningCount": 1, "desiredCount": 1}
    del shown["deployments"][0]["rolloutState"]
    assert completed(shown)
    shown["deployments"].append({"id": "ecs-svc/1", "status": "ACTIVE"})
    assert not completed(shown)


FAMILY = "arn:aws:ecs:x:1:task-definition/web"


def test_what_is_as_asked_for_needs_no_history() -> None:
    shown = {"taskDefinition": f"{FAMILY}:3", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a", "b"]}}}
    asked = {**revision_fields(shown), "subnets": ["b", "a"], "desired_count": 9}
    assert as_asked(shown, [asked, {"task_definition": "${task_definition/web:arn}", "subnets": ["a", "b"]}])
    assert as_asked(shown, [{"task_definition": f"{FAMILY}:2"}]), "somebody else deployed a newer one"
    assert not as_asked(shown, [{"task_definition": f"{FAMILY}:4"}])
    assert not as_asked(shown, [asked, {"subnets": ["a"]}])
    assert not newer(f"{FAMILY}:3", f"{FAMILY}:3")
    assert not newer(f"{FAMILY}er:3", f"{FAMILY}:2")
