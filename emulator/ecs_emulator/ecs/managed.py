"""Managed scaling and draining: ECS's additions to the Auto Scaling group of a capacity provider."""

from __future__ import annotations

import uuid

from ecs_emulator.ecs.records import CapacityProvider, Cluster, Shape
from ecs_emulator.ecs.store import Store

MANAGED_TAG = "AmazonECSManaged"
DRAINING_HOOK = "ecs-managed-draining-termination-hook"


def mark(store: Store, provider: CapacityProvider) -> None:
    """Tag the group as managed by ECS (developer guide, cluster auto scaling)."""
    store.autoscaling.create_or_update_tags(
        [
            {
                "ResourceId": provider.group_name,
                "ResourceType": "auto-scaling-group",
                "Key": MANAGED_TAG,
                "Value": "true",
                "PropagateAtLaunch": True,
            }
        ]
    )


def attach(store: Store, cluster: Cluster, provider: CapacityProvider) -> None:
    """Attach a provider to a cluster: create its scaling policy and, with managed draining, its lifecycle hook."""
    attachments: list[Shape] = []
    group = provider.group_name
    if provider.group["managedScaling"]["status"] == "ENABLED":
        policy = f"ECSManagedAutoScalingPolicy-{uuid.uuid4()}"
        _put_policy(store, cluster, provider, policy)
        attachments.append(_attachment("as_policy", provider.name, scalingPolicyName=policy))
    if provider.group["managedDraining"] == "ENABLED":
        store.autoscaling.create_lifecycle_hook(
            DRAINING_HOOK, group, "autoscaling:EC2_INSTANCE_TERMINATING", 3600, "CONTINUE"
        )
        attachments.append(_attachment("managed_draining", provider.name, autoScalingLifecycleHookName=DRAINING_HOOK))
    cluster.attachments[provider.name] = attachments


def detach(store: Store, cluster: Cluster, name: str) -> None:
    """Delete the scaling policy and the hook that `attach` created."""
    group = store.providers[name].group_name
    for attachment in cluster.attachments.pop(name):
        details = {detail["name"]: detail["value"] for detail in attachment["details"]}
        if "scalingPolicyName" in details:
            store.autoscaling.policies.pop(details["scalingPolicyName"], None)
        if "autoScalingLifecycleHookName" in details:
            store.autoscaling.delete_lifecycle_hook(group, details["autoScalingLifecycleHookName"])


def in_use(store: Store, cluster: str, name: str) -> bool:
    """Return whether a service's strategy or a task uses the provider."""
    return any(task.provider == name for task in store.tasks_of(cluster)) or any(
        entry["capacityProvider"] == name
        for service in store.services_of(cluster)
        for entry in service.shape.get("capacityProviderStrategy", [])
    )


def _attachment(attachment_type: str, provider: str, **details: str) -> Shape:
    named = {"capacityProviderName": provider, **details}
    return {"type": attachment_type, "details": [{"name": name, "value": value} for name, value in named.items()]}


def _put_policy(store: Store, cluster: Cluster, provider: CapacityProvider, name: str) -> None:
    store.autoscaling.put_scaling_policy(
        name=name,
        policy_type="TargetTrackingScaling",
        metric_aggregation_type=None,
        adjustment_type=None,
        as_name=provider.group_name,
        min_adjustment_magnitude=None,
        scaling_adjustment=None,
        cooldown=None,
        target_tracking_config={
            "CustomizedMetricSpecification": {
                "MetricName": "CapacityProviderReservation",
                "Namespace": "AWS/ECS/ManagedScaling",
                "Dimensions": [
                    {"Name": "CapacityProviderName", "Value": provider.name},
                    {"Name": "ClusterName", "Value": cluster.name},
                ],
                "Statistic": "Average",
            },
            "TargetValue": float(provider.group["managedScaling"]["targetCapacity"]),
            "DisableScaleIn": False,
        },
        step_adjustments=None,
        estimated_instance_warmup=None,
        predictive_scaling_configuration=None,
    )
