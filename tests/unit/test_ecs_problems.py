"""Why a service's tasks do not come up, by answers of DescribeServices that AWS gave.

The answers are cut to the members that count (cloud-custodian, tests/data/placebo: test_ecs_service_subnet and
test_ecs_service_autoscaling_offhours, Apache-2.0).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from provisioner.engine.resource import Observed
from provisioner.resources.ecs_hosts import explained
from provisioner.resources.ecs_problems import problem
from provisioner.resources.ecs_service import Service

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
    return problem(cast("Any", None), service(state, failed), [])


def test_a_task_that_could_not_be_placed_is_reported_and_not_given_up() -> None:
    failed, why = told("IN_PROGRESS", 10)
    assert not failed
    assert why.startswith("10 failed: was unable to place a task")
    assert REASON in why


def test_tasks_that_are_placed_at_last_are_waited_for() -> None:
    """Those that could not be placed count until one runs, and none of them stopped."""
    placed = service("IN_PROGRESS", 10)
    started = "(service c7n-test) has started 1 tasks: (task 9c8035201098472693b0ae23a743fdf1)."
    placed["events"].insert(0, {"createdAt": datetime(2021, 2, 18, tzinfo=UTC), "message": started})
    assert not problem(cast("Any", None), placed, [])[0]


def test_what_ecs_said_before_all_was_well_is_no_reason() -> None:
    before = service("COMPLETED", 0)
    steady = "(service c7n-test) has reached a steady state."
    before["events"].insert(0, {"createdAt": datetime(2021, 2, 18, tzinfo=UTC), "message": steady})
    assert problem(cast("Any", None), before, []) == (False, "")


def test_a_completed_deployment_without_its_tasks_says_why() -> None:
    failed, why = told("COMPLETED", 0)
    assert not failed
    assert REASON in why


def test_a_completed_deployment_with_its_tasks_has_no_trouble() -> None:
    whole = service("COMPLETED", 0)
    whole["deployments"][0]["runningCount"] = 1
    assert problem(cast("Any", None), whole, []) == (False, "")


@pytest.mark.parametrize(
    ("new", "there", "wanted", "words"),
    [
        (0, 0, 1, "0/1 tasks running"),
        (1, 2, 1, "rolling out: 1/1 running, old tasks draining"),
        (0, 1, 1, "rolling out: 0/1 running, old tasks still running"),
        (1, 1, 1, "rolling out: 1/1 running, waiting for ECS to complete the deployment"),
        (1, 0, 1, "0/1 tasks running"),
    ],
)
def test_how_far_a_deployment_is(new: int, there: int, wanted: int, words: str) -> None:
    attributes = {
        "running_new": new, "running_count": there, "desired_count": wanted, "rollout_state": "IN_PROGRESS",
        "rollout_reason": "", "problem": "", "failed": False,
    }  # fmt: skip
    assert Service.pending(Observed("arn", attributes)) == words


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
