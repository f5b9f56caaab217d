"""Reasons why tasks find no instance: the group behind a service's capacity provider, and registered instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.aws.client import Aws
from provisioner.engine.clock import since
from provisioner.resources.autoscaling import problem_of
from provisioner.resources.ecs.cluster import container_instances

MEANINGS = {
    "TaskFailedToStart: RESOURCE:CPU": "no instance has enough CPU left",
    "TaskFailedToStart: RESOURCE:MEMORY": "no instance has enough memory left",
    "TaskFailedToStart: RESOURCE:ENI": "no instance has a network interface left",
    "TaskFailedToStart: EMPTY CAPACITY PROVIDER": "no instance has registered in the cluster",
    "TaskFailedToStart: NO ACTIVE INSTANCES": "all instances are leaving the cluster",
    "InsufficientFreeAddressesInSubnet": "the subnet has no address left: lower services.*.scaling.max, or raise "
    "network.zones",
}
"""Meanings of ECS's reasons that are codes (ECS developer guide, API failure reasons; EC2 error codes)."""


def explained(reason: str) -> str:
    """Return ECS's reason why a task stopped; a code is followed by its meaning."""
    meaning = next((text for words, text in MEANINGS.items() if reason.endswith(words)), "")
    return f"{reason} ({meaning})" if meaning else reason


def lacking(aws: Aws, service: Mapping[str, Any], *, waits: bool) -> str:
    """Describe the instances behind a service if none has registered in its cluster; empty if it needs none.

    Args:
        waits: whether the service has tasks that wait for an instance. Then the group's size is described even if some
            have registered.
    """
    names = [item["capacityProvider"] for item in service.get("capacityProviderStrategy", ())]
    shown = aws.client("ecs").describe_capacity_providers(capacityProviders=names)["capacityProviders"] if names else ()
    arns = [p["autoScalingGroupProvider"]["autoScalingGroupArn"] for p in shown if p.get("autoScalingGroupProvider")]
    if not arns:
        return ""
    name = arns[0].rpartition("autoScalingGroupName/")[2]
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    if any(i.get("agentConnected") for i in container_instances(aws, service["clusterArn"])):
        return _size(aws, found) if waits else ""
    return f"no instance has registered in the cluster, and {_behind(aws, name, found)}"


def short_of_spot(service: Mapping[str, Any], told: str) -> str:
    """Return advice if ECS reports that it finds no Fargate Spot for a service; empty otherwise.

    ECS does not fall back to FARGATE (containers-roadmap#852).
    """
    names = [item["capacityProvider"] for item in service.get("capacityProviderStrategy", ())]
    if "Capacity is unavailable" not in told or "FARGATE_SPOT" not in names:
        return ""
    return ". Fargate Spot is short, and ECS does not fall back: set on_demand for the service, or run again later"


def _size(aws: Aws, groups: Sequence[Mapping[str, Any]]) -> str:
    """Describe a group's number of instances, and the reason or setting that keeps it from growing."""
    for group in groups:
        there, most = len(group.get("Instances", ())), group["MaxSize"]
        text = f"Auto Scaling group {group['AutoScalingGroupName']} has {there} of at most {most} instances"
        if group["DesiredCapacity"] >= most:
            return f"{text}: raise capacity.max, or lower services.*.scaling"
        why = problem_of(aws, group["AutoScalingGroupName"]) if there < group["DesiredCapacity"] else ""
        return f"{text}{f' ({why})' if why else ''}"
    return ""


def _behind(aws: Aws, name: str, groups: Sequence[Mapping[str, Any]]) -> str:
    """Describe the instances of a group, none of which has registered."""
    ids = [instance["InstanceId"] for group in groups for instance in group.get("Instances", ())]
    if not ids:
        why = problem_of(aws, name) if groups else ""
        return f"Auto Scaling group {name} has no instances" + (f" ({why})" if why else "")
    found = aws.pages("ec2", "describe_instances", "Reservations", InstanceIds=ids)
    instances = [instance for reservation in found for instance in reservation["Instances"]]
    states = ", ".join(f"{i['InstanceId']} {i['State']['Name']}{since(i.get('LaunchTime'))}" for i in instances)
    return f"Auto Scaling group {name} has {states}: see /var/log/ecs/ecs-agent.log there"
