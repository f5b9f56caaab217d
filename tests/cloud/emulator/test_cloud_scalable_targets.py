"""Application Auto Scaling of the embedded cloud: scalable targets of services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cloud.conftest import Network, refused
from tests.cloud.groups_rig import (
    Answer,
    running,
)

DIMENSION = "ecs:service:DesiredCount"
TARGET = {"ServiceNamespace": "ecs", "ResourceId": "service/main/web", "ScalableDimension": DIMENSION}


@pytest.fixture
def targets(network: Network, ecs: Any) -> Any:
    """An Application Auto Scaling client in a cloud with the Fargate service `web` of one task."""
    network.definition("web")
    ecs.create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=network.awsvpc(),
    )
    return network.cloud.client("application-autoscaling")


def policy(client: Any, name: str = "cpu", value: float = 70, metric: Mapping[str, str] | None = None) -> Answer:
    answer: Answer = client.put_scaling_policy(
        **TARGET,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": value,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ECSServiceAverageCPUUtilization",
                **(metric or {}),
            },
        },
    )
    return answer


def test_scalable_target_and_policy_live_and_go(network: Network, targets: Any) -> None:
    with refused("ValidationException", "ECS service doesn't exist"):
        missing = {**TARGET, "ResourceId": "service/main/other"}
        targets.register_scalable_target(**missing, MinCapacity=1, MaxCapacity=2)
    with refused("ObjectNotFoundException"):
        policy(targets)
    arn = targets.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=10, Tags={"Project": "p"})[
        "ScalableTargetARN"
    ]
    assert targets.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Project": "p"}
    (shown,) = targets.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert shown["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService")
    assert set(shown["SuspendedState"].values()) == {False}
    targets.tag_resource(ResourceARN=arn, Tags={"a": "1", "b": "2"})
    targets.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert targets.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Project": "p", "b": "2"}
    with refused("ValidationException", "already exists. To update tags on an existing scalable target"):
        targets.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=9, Tags={"Project": "p"})
    with refused("ResourceNotFoundException"):
        targets.list_tags_for_resource(ResourceARN=arn + "x")
    first = policy(targets)
    assert policy(targets, value=50)["PolicyARN"] == first["PolicyARN"]
    (found,) = targets.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert found["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50
    assert len(found["Alarms"]) == 2
    assert (
        targets.describe_scaling_policies(ServiceNamespace="ecs", ResourceId="service/main/we")["ScalingPolicies"] == []
    )
    targets.delete_scaling_policy(**TARGET, PolicyName="cpu")
    with refused("ObjectNotFoundException"):
        targets.delete_scaling_policy(**TARGET, PolicyName="cpu")
    policy(targets, "again")
    targets.deregister_scalable_target(**TARGET)
    assert targets.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert targets.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    with refused("ObjectNotFoundException"):
        targets.deregister_scalable_target(**TARGET)
    assert targets.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"] == []


def test_requests_are_counted_at_a_target_group_of_the_service(network: Network, targets: Any) -> None:
    targets.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=10)
    requests = {"PredefinedMetricType": "ALBRequestCountPerTarget"}
    with refused("ValidationException", "Resource label should be specified"):
        policy(targets, "requests", metric=requests)
    label = "app/main/0123456789abcdef/targetgroup/web/0123456789abcdef"
    with refused("ValidationException", "no such target group is attached"):
        policy(targets, "requests", metric={**requests, "ResourceLabel": label})
    with refused("ValidationException", "must not be specified"):
        policy(targets, metric={"ResourceLabel": label})


def test_target_outlives_its_service_and_bounds_it(network: Network, ecs: Any, targets: Any) -> None:
    with refused("ValidationException", "required"):
        targets.register_scalable_target(**TARGET, MinCapacity=1)
    targets.register_scalable_target(**TARGET, MinCapacity=2, MaxCapacity=3)
    running(network, 2)
    ecs.delete_service(cluster="main", service="web", force=True)
    network.cloud.wait(
        lambda: ecs.describe_services(cluster="main", services=["web"])["services"][0]["status"] == "INACTIVE", "gone"
    )
    (found,) = targets.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 3)


def bounds(client: Any) -> tuple[int, int]:
    (found,) = client.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return found["MinCapacity"], found["MaxCapacity"]


def at(client: Any, name: str, schedule: str, **action: int) -> None:
    client.put_scheduled_action(
        **TARGET, ScheduledActionName=name, Schedule=schedule, Timezone="Asia/Tokyo", ScalableTargetAction=action
    )


def test_a_scheduled_action_moves_bounds_and_tasks(network: Network, targets: Any) -> None:
    with refused("ObjectNotFoundException", "No scalable target registered"):
        at(targets, "day", "cron(0 8 * * ? *)", MinCapacity=3)
    targets.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2)
    at(targets, "day", "cron(0 8 * * ? *)", MinCapacity=3, MaxCapacity=5)
    at(targets, "night", "cron(0 20 * * ? *)", MaxCapacity=1, MinCapacity=0)
    once = datetime.fromtimestamp(network.cloud.time(), UTC) + timedelta(hours=9, minutes=5)
    at(targets, "once", f"at({once:%Y-%m-%dT%H:%M:%S})", MaxCapacity=9)
    network.cloud.advance(600)
    assert bounds(targets)[1] == 9
    shown = targets.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert [(one["ScheduledActionName"], one["Timezone"]) for one in shown] == [
        ("day", "Asia/Tokyo"),
        ("night", "Asia/Tokyo"),
    ]
    hour = (datetime.fromtimestamp(network.cloud.time(), UTC).hour + 9) % 24
    network.cloud.advance(((8 - hour) % 24 or 24) * 3600)
    assert bounds(targets) == (3, 5)
    running(network, 3)
    told = targets.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
    assert told[0]["Cause"] == "scheduled action name day was triggered"
    network.cloud.advance(12 * 3600)
    assert bounds(targets) == (0, 1)
    running(network, 1)
    suspended = {"ScheduledScalingSuspended": True}
    targets.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=1, SuspendedState=suspended)
    network.cloud.advance(12 * 3600)
    assert bounds(targets) == (0, 1)
    targets.delete_scheduled_action(**TARGET, ScheduledActionName="day")
    with refused("ObjectNotFoundException"):
        targets.delete_scheduled_action(**TARGET, ScheduledActionName="day")
    targets.deregister_scalable_target(**TARGET)
    assert targets.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"] == []


OWN = {"MetricName": "Waiting", "Namespace": "Shop", "Dimensions": [{"Name": "Queue", "Value": "a"}]}


def follow(client: Any, value: float, metric: Mapping[str, Any], **more: Any) -> None:
    """Put a policy that keeps the average of a metric at a value."""
    own = {"CustomizedMetricSpecification": {**metric, "Statistic": "Average"}}
    client.put_scaling_policy(
        **TARGET,
        PolicyName="own",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": value, **own, **more},
    )


def waiting(network: Network, value: float, minutes: int) -> None:
    """Publish the metric for each of some minutes, and let them pass."""
    for _ in range(minutes):
        one = {"MetricName": "Waiting", "Dimensions": OWN["Dimensions"], "Value": value}
        network.cloud.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=[one])
        network.cloud.advance(60)


def test_tasks_follow_a_metric_of_ones_own(network: Network, targets: Any) -> None:
    targets.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=6)
    follow(targets, 10, OWN, ScaleOutCooldown=0)
    alarms = network.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {(one["Namespace"], one["MetricName"], one["Threshold"]) for one in alarms} == {
        ("Shop", "Waiting", 10),
        ("Shop", "Waiting", 9),
    }
    waiting(network, 40, 5)
    running(network, 6)
    waiting(network, 0, 20)
    running(network, 0)
    network.cloud.advance(1800)
    running(network, 0)
    waiting(network, 11, 4)
    running(network, 1)


def test_tasks_follow_the_length_of_a_queue(network: Network, targets: Any) -> None:
    sqs = network.cloud.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    targets.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    length = {"MetricName": "ApproximateNumberOfMessagesVisible", "Namespace": "AWS/SQS"}
    follow(targets, 1, {**length, "Dimensions": [{"Name": "QueueName", "Value": "work"}]})
    for number in range(9):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    network.cloud.advance(300)
    running(network, 3)
