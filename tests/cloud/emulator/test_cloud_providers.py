"""ECS capacity providers of the embedded cloud."""

from __future__ import annotations

from typing import Any

from tests.cloud.conftest import Network, refused
from tests.cloud.groups_rig import (
    MANAGED,
    attachments,
    bind,
    described,
    ec2_service,
    provider,
)


def test_a_provider_is_active_at_once_and_marks_its_group(network: Network, ecs: Any) -> None:
    arn = network.auto_scaling_group("web", "main", NewInstancesProtectedFromScaleIn=True)
    settings = {
        "autoScalingGroupArn": arn,
        "managedScaling": MANAGED,
        "managedTerminationProtection": "ENABLED",
        "managedDraining": "ENABLED",
    }
    tags = [{"key": "Project", "value": "p"}]
    made = ecs.create_capacity_provider(name="spot", autoScalingGroupProvider=settings, tags=tags)["capacityProvider"]
    assert (made["status"], made["tags"]) == ("ACTIVE", tags)
    ecs.put_cluster_capacity_providers(cluster="main", capacityProviders=["spot"], defaultCapacityProviderStrategy=[])
    found = described(network, "spot")["autoScalingGroupProvider"]
    assert (found["managedTerminationProtection"], found["managedDraining"]) == ("ENABLED", "ENABLED")
    assert found["managedScaling"]["instanceWarmupPeriod"] == 300
    marks = {tag["Key"]: tag["PropagateAtLaunch"] for tag in network.group_named("web")["Tags"]}
    assert marks["AmazonECSManaged"] is True
    everything = ecs.describe_capacity_providers(include=["TAGS"])["capacityProviders"]
    assert {one["name"] for one in everything} == {"FARGATE", "FARGATE_SPOT", "spot"}
    assert next(one for one in everything if one["name"] == "spot")["tags"] == tags
    missing = ecs.describe_capacity_providers(capacityProviders=["nothing"])
    assert (missing["capacityProviders"], missing["failures"][0]["reason"]) == ([], "MISSING")
    changed = ecs.update_capacity_provider(
        name="spot", autoScalingGroupProvider={"managedScaling": {"status": "ENABLED", "targetCapacity": 80}}
    )["capacityProvider"]
    assert changed["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 80
    assert changed["autoScalingGroupProvider"]["managedTerminationProtection"] == "ENABLED"
    network.cloud.wait(lambda: described(network, "spot")["updateStatus"] == "UPDATE_COMPLETE", "updated")


def test_put_providers_attaches_and_removes_policy_and_hook(network: Network, ecs: Any, scaling: Any) -> None:
    provider(network)
    ecs.put_cluster_capacity_providers(
        cluster="main",
        capacityProviders=["spot", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "spot", "weight": 1}],
    )
    assert attachments(network)["attachmentsStatus"] == "UPDATE_IN_PROGRESS"
    with refused("UpdateInProgressException", "busy state"):
        ecs.put_cluster_capacity_providers(cluster="main", capacityProviders=[], defaultCapacityProviderStrategy=[])
    network.cloud.wait(lambda: attachments(network)["attachmentsStatus"] == "UPDATE_COMPLETE", "attached")
    found = attachments(network)
    assert found["capacityProviders"] == ["spot", "FARGATE_SPOT"]
    assert found["defaultCapacityProviderStrategy"] == [{"capacityProvider": "spot", "weight": 1, "base": 0}]
    assert {one["type"] for one in found["attachments"]} == {"as_policy", "managed_draining"}
    (policy,) = scaling.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"]
    assert policy["PolicyName"].startswith("ECSManagedAutoScalingPolicy-")
    metric = policy["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]["MetricName"]
    assert metric == "CapacityProviderReservation"
    (hook,) = scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"]
    assert hook["LifecycleHookName"] == "ecs-managed-draining-termination-hook"
    failed = ecs.delete_capacity_provider(capacityProvider="spot")["capacityProvider"]
    assert (failed["status"], failed["updateStatus"]) == ("ACTIVE", "DELETE_FAILED")
    assert "associated with cluster: main" in failed["updateStatusReason"]
    bind(network)
    assert scaling.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"] == []
    assert scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"] == []
    ecs.delete_capacity_provider(capacityProvider="spot")
    network.cloud.wait(lambda: described(network, "spot")["status"] == "INACTIVE", "INACTIVE")
    assert described(network, "spot")["updateStatus"] == "DELETE_COMPLETE"
    assert provider(network)["status"] == "ACTIVE"


def test_put_providers_refusals(network: Network, ecs: Any) -> None:
    provider(network)
    bind(network, "spot", "FARGATE_SPOT")

    def put(providers: list[str], *strategy: str) -> None:
        entries = [{"capacityProvider": name, "weight": 1} for name in strategy]
        ecs.put_cluster_capacity_providers(
            cluster="main", capacityProviders=providers, defaultCapacityProviderStrategy=entries
        )

    with refused("InvalidParameterException", "was not found"):
        put(["nothing"])
    with refused("InvalidParameterException", "cannot contain a mix"):
        put(["spot", "FARGATE_SPOT"], "spot", "FARGATE_SPOT")
    with refused("InvalidParameterException", "not associated with the cluster"):
        put(["FARGATE_SPOT"], "spot")
    network.definition("web")
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    ec2_service(network, 0, taskDefinition=network.definition("web"), capacityProviderStrategy=strategy)
    with refused("ResourceInUseException", "is in use and cannot be removed."):
        put(["spot"])
    ecs.delete_service(cluster="main", service="web")
    network.cloud.wait(
        lambda: ecs.describe_services(cluster="main", services=["web"])["services"][0]["status"] == "INACTIVE", "gone"
    )
    put(["spot"])
