"""Why the tasks of a service find no instance to run on: who stands behind its capacity provider, and registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.aws.client import Aws
from provisioner.engine.clock import since
from provisioner.resources.autoscaling import problem_of
from provisioner.resources.ecs_cluster import container_instances


def without_hosts(aws: Aws, service: Mapping[str, Any]) -> str:
    """Say which instances there are for a service of which none has registered; empty if one has, or none is needed."""
    names = [item["capacityProvider"] for item in service.get("capacityProviderStrategy", ())]
    shown = aws.client("ecs").describe_capacity_providers(capacityProviders=names)["capacityProviders"] if names else ()
    arns = [p["autoScalingGroupProvider"]["autoScalingGroupArn"] for p in shown if p.get("autoScalingGroupProvider")]
    registered = [i for i in container_instances(aws, service["clusterArn"]) if i["agentConnected"]]
    if registered or not arns:
        return ""
    group = arns[0].rpartition("autoScalingGroupName/")[2]
    return f"no instance has registered in the cluster, and {_behind(aws, group)}"


def _behind(aws: Aws, name: str) -> str:
    groups = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    ids = [instance["InstanceId"] for group in groups for instance in group.get("Instances", ())]
    if not ids:
        why = problem_of(aws, name) if groups else ""
        return f"Auto Scaling group {name} has no instances" + (f" ({why})" if why else "")
    found = aws.pages("ec2", "describe_instances", "Reservations", InstanceIds=ids)
    instances = [instance for reservation in found for instance in reservation["Instances"]]
    states = ", ".join(f"{i['InstanceId']} {i['State']['Name']}{since(i.get('LaunchTime'))}" for i in instances)
    return f"Auto Scaling group {name} has {states}: see /var/log/ecs/ecs-agent.log there"
