"""Application Auto Scaling of the embedded cloud: scalable targets of services."""

from __future__ import annotations

from collections.abc import Mapping
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
