"""The stop of a service deployment: the states of ECS in which it is asked for, and its refusals."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from provisioner.resources.ecs.deployments import revision_fields
from provisioner.resources.ecs.stopping import Former, former, go_back
from provisioner.resources.ecs.strategies import at_once

FAMILY = "arn:aws:ecs:x:1:task-definition/web"
SOURCE = "arn:aws:ecs:x:1:service-revision/main/web/1"


def service(primary: str = "IN_PROGRESS", other: str = "COMPLETED", number: str = "2") -> dict[str, Any]:
    return {
        "taskDefinition": f"{FAMILY}:{number}",
        "deployments": [
            {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": f"{FAMILY}:2", "rolloutState": primary},
            {"id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": f"{FAMILY}:1", "rolloutState": other},
        ],
    }


class Ecs:
    """A stand-in for ECS with one service whose deployment is in this state."""

    def __init__(self, status: str = "IN_PROGRESS", stage: str = "", refuses: str = "", **more: Any) -> None:
        self.status, self.stage, self.refuses, self.stopped = status, stage, refuses, False
        self.sources, self.shown, self.revision = [SOURCE], service(), {"taskDefinition": f"{FAMILY}:1"}
        vars(self).update(more)

    def client(self, _: str) -> Ecs:
        return self

    def list_service_deployments(self, **_: Any) -> dict[str, Any]:
        return {"serviceDeployments": [{"serviceDeploymentArn": "a", "status": self.status, "createdAt": 1}]}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        return {"services": [self.shown] if self.shown else []}

    def describe_service_deployments(self, **_: Any) -> dict[str, Any]:
        sources = [{"arn": arn} for arn in self.sources]
        return {"serviceDeployments": [{"lifecycleStage": self.stage, "sourceServiceRevisions": sources}]}

    def describe_service_revisions(self, **_: Any) -> dict[str, Any]:
        return {"serviceRevisions": [{"serviceRevisionArn": SOURCE, **self.revision}]}

    def stop_service_deployment(self, **asked: str) -> None:
        assert asked == {"serviceDeploymentArn": "a", "stopType": "ROLLBACK"}
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses, "Message": "no"}}, "StopServiceDeployment")
        self.stopped = True


WANTED = revision_fields({"taskDefinition": f"{FAMILY}:1"})


def returns(ecs: Ecs, wanted: Any = WANTED) -> tuple[bool, bool]:
    """Return whether ECS returns, and whether it was asked for that."""
    return go_back(cast("Any", ecs), "main", "web", wanted), ecs.stopped


@pytest.mark.parametrize("wanted", [WANTED, None])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PENDING", (True, True)),
        ("IN_PROGRESS", (True, True)),
        ("ROLLBACK_REQUESTED", (True, False)),
        ("ROLLBACK_IN_PROGRESS", (True, False)),
        ("STOP_REQUESTED", (False, False)),
        ("SUCCESSFUL", (False, False)),
        ("STOPPED", (False, False)),
        ("ROLLBACK_FAILED", (False, False)),
        ("A_STATE_TO_COME", (False, False)),
    ],
)
def test_a_deployment_is_stopped_while_it_goes_on(status: str, expected: tuple[bool, bool], wanted: Any) -> None:
    assert returns(Ecs(status), wanted) == expected


@pytest.mark.parametrize(
    "code", ["ConflictException", "InvalidParameterException", "ServiceDeploymentNotFoundException"]
)
def test_a_stop_may_come_too_late(code: str) -> None:
    assert returns(Ecs(refuses=code)) == (False, False)


def test_a_missing_permission_is_no_delay() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        returns(Ecs(refuses="AccessDeniedException"))


@pytest.mark.parametrize(
    "ecs",
    [
        Ecs(stage="CLEAN_UP"),
        Ecs(sources=[]),
        Ecs(sources=["arn:aws:ecs:x:1:service-revision/main/web/9"]),
        Ecs(revision={"taskDefinition": f"{FAMILY}:9"}),
        Ecs(shown={}),
        Ecs(shown=service("FAILED")),
    ],
)
def test_ecs_would_return_to_no_or_another_revision(ecs: Ecs) -> None:
    assert returns(ecs) == (False, False)


def test_a_service_may_have_returned_since_it_was_read() -> None:
    assert returns(Ecs("ROLLBACK_SUCCESSFUL", shown=service(number="1"))) == (True, False)


def test_ecs_returns_to_the_revision_that_was_completed_last() -> None:
    assert former(service()) == Former(f"{FAMILY}:1", "1")
    assert former(service("COMPLETED")) is None
    assert former(service(other="FAILED")) is None
    assert former(service(), "CLEAN_UP") is None
    assert former({}) is None
    assert former({"deployments": [{"id": "ecs-svc/2"}]}) is None


def test_a_rollback_has_no_steps_and_no_alarms() -> None:
    rolling = {"deploymentCircuitBreaker": {}, "maximumPercent": 200, "minimumHealthyPercent": 100}
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    off = {"alarmNames": ["errors"], "enable": False, "rollback": False}
    canary = {
        **rolling,
        "strategy": "CANARY",
        "bakeTimeInMinutes": 5,
        "canaryConfiguration": {},
        "lifecycleHooks": [{}],
    }
    assert at_once({**canary, "alarms": alarms}) == {
        **rolling, "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0, "alarms": off,
    }  # fmt: skip
    assert at_once(rolling) == rolling
    assert at_once({**rolling, "alarms": alarms}) == {**rolling, "alarms": off}
