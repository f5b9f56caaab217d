"""StopServiceDeployment of the embedded cloud, old tasks that are replaced, and the bake time of a rolling update."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import create, service, steady, tasks
from tests.cloud.emulator import test_cloud_deployments, test_cloud_strategies
from tests.cloud.emulator.test_cloud_deployments import BREAKER, briefs, broken, ended, newest
from tests.cloud.emulator.test_cloud_strategies import BLUE_GREEN, PAUSED, Shifted
from tests.cloud.policies import allowing, enforce, policy

ecs = test_cloud_deployments.ecs
shifted = test_cloud_strategies.shifted
BY_USER = "Service deployment rolled back by user."


def stop(ecs: Any, **more: Any) -> None:
    arn = briefs(ecs)[0]["serviceDeploymentArn"]
    assert ecs.stop_service_deployment(serviceDeploymentArn=arn, **more)["serviceDeploymentArn"] == arn


def deploying(network: Network, ecs: Any, image: str = "web:2", desired: int = 1) -> None:
    """A service that runs, and whose next revision is being rolled out."""
    network.definition("web")
    create(network, desiredCount=desired)
    steady(network, running=desired)
    ecs.update_service(cluster="main", service="web", taskDefinition=broken(network, image))
    network.cloud.wait(lambda: newest(ecs)["status"] == "IN_PROGRESS", "the beginning")


@pytest.mark.parametrize("more", [{"stopType": "ROLLBACK"}, {}])
def test_a_stop_rolls_back_a_rolling_update(network: Network, ecs: Any, more: Any) -> None:
    deploying(network, ecs)
    stop(ecs, **more)
    asked = newest(ecs)
    assert asked["status"] == "ROLLBACK_REQUESTED"
    assert service(network)["taskDefinition"].endswith(":2"), "until it begins"
    stop(ecs)
    assert newest(ecs)["updatedAt"] == asked["updatedAt"], "it continues"
    found = ended(network, ecs, "ROLLBACK_SUCCESSFUL")
    assert (found["statusReason"], found["rollback"]["reason"]) == (BY_USER, BY_USER)
    assert (found["finishedAt"] - asked["updatedAt"]).total_seconds() < 20
    shown = steady(network, running=1)
    assert shown["taskDefinition"].endswith(":1")
    assert found["rollback"]["serviceRevisionArn"] == shown["currentServiceRevisions"][0]["arn"]
    with refused("ConflictException", "ROLLBACK_SUCCESSFUL"):
        stop(ecs)


def test_a_pending_deployment_is_stopped_as_well(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=1)
    steady(network, running=1)
    ecs.update_service(cluster="main", service="web", taskDefinition=broken(network, "web:2"))
    assert newest(ecs)["status"] == "PENDING"
    stop(ecs)
    ended(network, ecs, "ROLLBACK_SUCCESSFUL")
    assert [task["taskDefinitionArn"][-1] for task in tasks(network)] == ["1"]


def test_a_first_deployment_has_nowhere_to_go_back_to(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=1)
    stop(ecs)
    found = ended(network, ecs, "ROLLBACK_FAILED")
    assert found["statusReason"] == "No rollback candidate was found to run the rollback."


def test_what_cannot_be_stopped_is_refused(network: Network, ecs: Any) -> None:
    deploying(network, ecs)
    arn = briefs(ecs)[0]["serviceDeploymentArn"]
    with refused("InvalidParameterException", "ABORT"):
        ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")
    with refused("ServiceDeploymentNotFoundException"):
        ecs.stop_service_deployment(serviceDeploymentArn=arn[:-1])
    enforce(network.cloud, policy(allowing("ecs:Describe*")))
    with refused("AccessDeniedException", f"ecs:StopServiceDeployment on resource: {arn}"):
        ecs.stop_service_deployment(serviceDeploymentArn=arn)
    enforce(network.cloud)


@pytest.mark.parametrize("stage", ["PRE_SCALE_UP", "SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"])
def test_a_stop_takes_the_traffic_back_at_each_stage(shifted: Shifted, stage: str) -> None:
    canary = {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5}
    shifted.create({"strategy": "CANARY", "bakeTimeInMinutes": 5, "canaryConfiguration": canary})
    shifted.deploy()
    shifted.reaches(stage)
    began = shifted.network.cloud.now()
    stop(shifted.ecs)
    found = ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert (found["statusReason"], shifted.weights()) == (BY_USER, (0, 100))
    assert shifted.network.cloud.now() - began < 20, "the old tasks run yet"
    assert service(shifted.network)["taskDefinition"].endswith(":1")


def test_a_stop_ends_a_pause(shifted: Shifted) -> None:
    shifted.create(BLUE_GREEN)
    shifted.deploy(deploymentConfiguration=PAUSED)
    shifted.reaches("POST_TEST_TRAFFIC_SHIFT")
    stop(shifted.ecs)
    ended(shifted.network, shifted.ecs, "ROLLBACK_SUCCESSFUL")
    assert newest(shifted.ecs).get("lifecycleHookDetails", []) == []


def test_an_old_task_that_ends_is_replaced_by_its_own_revision(network: Network, ecs: Any) -> None:
    """The service stays at its count while a newer revision does not come up (announced by AWS in November 2025)."""
    deploying(network, ecs, "exits-at-once:1", desired=2)
    (first, *_) = [one for one in tasks(network) if one["taskDefinitionArn"].endswith(":1")]
    ecs.stop_task(cluster="main", task=first["taskArn"])

    def back() -> bool:
        old = [one for one in tasks(network) if one["taskDefinitionArn"].endswith(":1")]
        return [one["lastStatus"] for one in old] == ["RUNNING", "RUNNING"]

    network.cloud.wait(back, "both old tasks")
    assert newest(ecs)["status"] == "IN_PROGRESS"
    assert [one["desiredCount"] for one in service(network)["deployments"]] == [2, 2]


def test_old_tasks_of_a_canary_are_replaced_as_well(shifted: Shifted) -> None:
    shifted.create(BLUE_GREEN)
    shifted.deploy()
    shifted.reaches("BAKE_TIME")
    (old,) = [one for one in tasks(shifted.network) if one["taskDefinitionArn"].endswith(":1")]
    shifted.ecs.stop_task(cluster="main", task=old["taskArn"])
    shifted.network.cloud.wait(lambda: service(shifted.network)["runningCount"] == 2, "the old task")
    ended(shifted.network, shifted.ecs, "SUCCESSFUL")
    assert [one["taskDefinitionArn"][-1] for one in tasks(shifted.network)] == ["2"]


def test_a_scale_out_is_of_both_revisions(network: Network, ecs: Any) -> None:
    deploying(network, ecs, "exits-at-once:1")
    ecs.update_service(cluster="main", service="web", desiredCount=2)

    def two_old() -> bool:
        old = [one for one in tasks(network) if one["taskDefinitionArn"].endswith(":1")]
        return [one["lastStatus"] for one in old] == ["RUNNING", "RUNNING"]

    network.cloud.wait(two_old, "two old tasks")


def alarmed(network: Network, ecs: Any) -> Any:
    """A service that runs, whose rolling updates an alarm watches; a client that can set the alarm's state."""
    watch = network.cloud.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="errors", Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_5XX_Count", Period=60,
        EvaluationPeriods=3, Threshold=1, Statistic="Sum", ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    network.definition("web")
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    create(network, desiredCount=1, deploymentConfiguration={"deploymentCircuitBreaker": BREAKER, "alarms": alarms})
    ended(network, ecs, "SUCCESSFUL")
    ecs.update_service(cluster="main", service="web", taskDefinition=network.definition("web"))
    return watch


def replaced(network: Network) -> bool:
    return [one["taskDefinitionArn"][-1] for one in tasks(network)] == ["2"]


def test_alarms_of_a_rolling_update_have_a_bake_time(network: Network, ecs: Any) -> None:
    alarmed(network, ecs)
    network.cloud.wait(lambda: replaced(network), "the new task alone")
    assert newest(ecs)["status"] == "IN_PROGRESS"
    began = network.cloud.now()
    ended(network, ecs, "SUCCESSFUL")
    assert network.cloud.now() - began == pytest.approx(180, abs=30)


def test_an_alarm_in_the_bake_time_rolls_back(network: Network, ecs: Any) -> None:
    watch = alarmed(network, ecs)
    network.cloud.wait(lambda: replaced(network), "the new task alone")
    network.cloud.step(60)
    watch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    found = ended(network, ecs, "ROLLBACK_SUCCESSFUL")
    assert found["alarms"]["triggeredAlarmNames"] == ["errors"]
    assert steady(network, running=1)["taskDefinition"].endswith(":1")
