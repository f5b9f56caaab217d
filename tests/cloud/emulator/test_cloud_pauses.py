"""PAUSE hooks of the embedded cloud: stages at which deployments wait, timeouts, and refusals of ECS."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import service, tasks
from tests.cloud.emulator.test_cloud_deployments import ended, newest
from tests.cloud.emulator.test_cloud_strategies import Shifted

Answer = dict[str, Any]
BEFORE = "PRE_PRODUCTION_TRAFFIC_SHIFT"


@pytest.fixture
def shifted(network: Network) -> Shifted:
    """The surroundings of a service that shifts its traffic between two target groups."""
    return Shifted(network)


def pausing(*stages: str, strategy: str = "BLUE_GREEN", **timeout: Any) -> Answer:
    """A deployment configuration with a hook at these stages."""
    hook: Answer = {"targetType": "PAUSE", "lifecycleStages": [*stages]}
    if timeout:
        hook["timeoutConfiguration"] = timeout
    return {"strategy": strategy, "bakeTimeInMinutes": 1, "lifecycleHooks": [hook]}


def begin(shifted: Shifted, configuration: Answer) -> None:
    """Have a service that runs, and a deployment of it that its hooks are for."""
    shifted.create({**configuration, "lifecycleHooks": []})
    shifted.deploy(deploymentConfiguration=configuration)


def waiting(shifted: Shifted) -> Answer:
    """The hook that waits, once there is one."""

    def found() -> Answer | None:
        hooks = newest(shifted.ecs).get("lifecycleHookDetails", ())
        return next((hook for hook in hooks if hook["status"] == "AWAITING_ACTION"), None)

    hook: Answer = shifted.network.cloud.wait(found, "a hook that waits")
    return hook


def answered(shifted: Shifted, hook: Answer, **action: str) -> None:
    arn = newest(shifted.ecs)["serviceDeploymentArn"]
    made = shifted.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"], **action)
    assert made["serviceDeploymentArn"] == arn


@pytest.mark.parametrize(
    ("stage", "running", "weights"),
    [
        ("PRE_SCALE_UP", 1, (0, 100)),
        ("POST_SCALE_UP", 2, (0, 100)),
        ("POST_TEST_TRAFFIC_SHIFT", 2, (0, 100)),
        (BEFORE, 2, (0, 100)),
        ("POST_PRODUCTION_TRAFFIC_SHIFT", 2, (100, 0)),
    ],
)
def test_a_deployment_waits_at_its_hook(
    shifted: Shifted,
    stage: str,
    running: int,
    weights: tuple[int, int],
) -> None:
    begin(shifted, pausing(stage))
    hook = waiting(shifted)
    shifted.network.cloud.step(7200)
    found = newest(shifted.ecs)
    assert (found["status"], found["lifecycleStage"]) == ("IN_PROGRESS", stage)
    assert (service(shifted.network)["runningCount"], shifted.weights()) == (running, weights)
    assert (hook["targetType"], hook["timeoutAction"]) == ("PAUSE", "ROLLBACK")
    assert timedelta(hours=23) < hook["expiresAt"] - found["startedAt"] < timedelta(hours=25), "a day unless said"
    answered(shifted, hook)
    ended(shifted.network, shifted.ecs, "SUCCESSFUL")
    assert shifted.weights() == (100, 0)


def test_traffic_waits_before_each_of_its_steps(shifted: Shifted) -> None:
    linear = {"stepPercent": 40.0, "stepBakeTimeInMinutes": 2}
    begin(shifted, {**pausing(BEFORE, strategy="LINEAR"), "linearConfiguration": linear})
    seen: dict[str, tuple[int, int]] = {}
    for _ in range(3):
        hook = waiting(shifted)
        seen[hook["hookId"]] = shifted.weights()
        answered(shifted, hook, action="CONTINUE")
        shifted.reaches("PRODUCTION_TRAFFIC_SHIFT")
    assert [*seen.values()] == [(0, 100), (40, 60), (80, 20)], "an id for each"
    ended(shifted.network, shifted.ecs, "SUCCESSFUL")


def test_who_is_asked_may_have_it_rolled_back(shifted: Shifted) -> None:
    begin(shifted, pausing("POST_PRODUCTION_TRAFFIC_SHIFT"))
    hook = waiting(shifted)
    assert shifted.weights() == (100, 0)
    answered(shifted, hook, action="ROLLBACK")
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert hook["hookId"] in found["rollback"]["reason"]
    assert shifted.weights() == (0, 100)
    assert [task["taskDefinitionArn"][-1] for task in tasks(shifted.network)] == ["1"]
    with refused("InvalidParameterException", "is not awaiting an action"):
        answered(shifted, hook)


@pytest.mark.parametrize(("action", "status"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")])
def test_a_hook_expires(shifted: Shifted, action: str, status: str) -> None:
    begin(shifted, pausing(BEFORE, timeoutInMinutes=10, action=action))
    hook = waiting(shifted)
    shifted.network.cloud.step(540)
    assert newest(shifted.ecs)["lifecycleStage"] == BEFORE
    found = ended(shifted.network, shifted.ecs, status)
    assert found["finishedAt"] >= hook["expiresAt"]


def test_an_alarm_ends_what_waits(shifted: Shifted) -> None:
    watch = shifted.alarms("errors")
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    begin(shifted, {**pausing(BEFORE), "alarms": alarms})
    hook = waiting(shifted)
    watch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert "lifecycleHookDetails" not in found
    with refused("InvalidParameterException", "is not awaiting an action"):
        answered(shifted, hook)


def test_a_newer_deployment_ends_what_waits(shifted: Shifted) -> None:
    begin(shifted, pausing(BEFORE))
    first = waiting(shifted)
    shifted.deploy()
    second = waiting(shifted)
    assert second["hookId"] != first["hookId"]
    answered(shifted, second)
    ended(shifted.network, shifted.ecs, "SUCCESSFUL")


def test_somebody_may_approve_all(shifted: Shifted) -> None:
    control.approve_all(shifted.network.cloud.process)
    begin(shifted, pausing("PRE_SCALE_UP", BEFORE, "POST_PRODUCTION_TRAFFIC_SHIFT"))
    found = ended(shifted.network, shifted.ecs, "SUCCESSFUL")
    assert found["finishedAt"] - found["startedAt"] < timedelta(minutes=30)


def test_hooks_that_ecs_refuses(shifted: Shifted) -> None:
    shifted.create({"strategy": "BLUE_GREEN"})

    def tried(said: str, hook: Answer) -> None:
        with refused("InvalidParameterException", said):
            shifted.deploy(deploymentConfiguration={"lifecycleHooks": [hook]})

    for stage in ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"):
        tried("PAUSE hooks cannot be configured", {"targetType": "PAUSE", "lifecycleStages": [stage]})
    tried("is not valid", {"targetType": "PAUSE", "lifecycleStages": ["BAKE_TIME"]})
    tried("lifecycleStages is required", {"targetType": "PAUSE"})
    tried("hookTargetArn and roleArn", {"lifecycleStages": ["PRE_SCALE_UP"]})
    long = {"targetType": "PAUSE", "lifecycleStages": [BEFORE], "timeoutConfiguration": {"timeoutInMinutes": 20161}}
    tried("between 1 and 20160", long)
    arn = newest(shifted.ecs)["serviceDeploymentArn"]
    with refused("InvalidParameterException", "is not awaiting an action"):
        shifted.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId="ecs-pause-none")
    with refused("ServiceDeploymentNotFoundException", "was not found"):
        shifted.ecs.continue_service_deployment(serviceDeploymentArn=arn[:-1], hookId="ecs-pause-none")
