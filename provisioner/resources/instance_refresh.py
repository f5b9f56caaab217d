"""EC2 Auto Scaling's instance refresh: replace instances launched from earlier versions of the launch template.

It also replaces instances of other types, or with another purchase option, than the group should have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from provisioner.aws.client import Aws
from provisioner.engine.resource import Observed, compare
from provisioner.resources.ec2.launch import LaunchTemplate
from provisioner.resources.phrases import because

PREFERENCES = {
    # a new instance starts first, then an old one ends: services keep their capacity
    "MinHealthyPercentage": 100,
    "MaxHealthyPercentage": 110,
    # seconds from in service to registered with ECS
    "InstanceWarmup": 120,
    # ECS protects every instance of a capacity provider with managed termination protection
    "ScaleInProtectedInstances": "Refresh",
    # somebody has put these aside
    "StandbyInstances": "Ignore",
}
"""The preferences of a refresh (API reference, RefreshPreferences).

There is no desired configuration: the group uses its launch template's default version, so that instances that it
launches meanwhile for other reasons are right as well.

SkipMatching compares template and instance types, but not the purchase option (Auto Scaling user guide, "Use an
instance refresh with skip matching"): if that is wrong, all instances are replaced.
"""
ACTIVE = ("Pending", "InProgress", "Cancelling", "Baking", "RollbackInProgress")
COUNTED = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
"""The lifecycle states of an instance that is neither leaving the group nor put aside."""


def outdated(aws: Aws, group: Mapping[str, Any]) -> list[str]:
    """Return the ids of a group's instances that were launched from another version of its launch template.

    If they are to be replaced and the template itself is about to change, return all instances.

    Args:
        group: as DescribeAutoScalingGroups shows it.
    """
    here = _counted(group)
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    named = mixed.get("LaunchTemplateSpecification", {}).get("LaunchTemplateId")
    if not here or not named:
        return []
    template = next((live for live in aws.live(LaunchTemplate) if live.id == named), None)
    if template is None:
        return []
    everyone = aws.new_ami and _changes(aws, template)
    return sorted(
        instance["InstanceId"]
        for instance in here
        if everyone or instance.get("LaunchTemplate", {}).get("Version") != template.details["version"]
    )


def of_other_types(group: Mapping[str, Any], policy: Mapping[str, Any]) -> list[str]:
    """Return the ids of a group's instances whose type is not among the declared ones.

    Args:
        group: as DescribeAutoScalingGroups shows it.
        policy: the declared mixed instances policy.
    """
    types = {override.get("InstanceType") for override in policy.get("LaunchTemplate", {}).get("Overrides", ())}
    if not types or None in types:
        return []
    return sorted(i["InstanceId"] for i in _counted(group) if i.get("InstanceType") not in types)


def bought_otherwise(aws: Aws, group: Mapping[str, Any], policy: Mapping[str, Any]) -> list[str]:
    """Return the ids of a group's instances that are Spot but should be On-Demand, or the other way round.

    Args:
        group: as DescribeAutoScalingGroups shows it.
        policy: the declared mixed instances policy; with both options no instance is wrong.
    """
    distribution = policy.get("InstancesDistribution", {})
    percent = distribution.get("OnDemandPercentageAboveBaseCapacity", 100)
    if percent not in (0, 100) or distribution.get("OnDemandBaseCapacity", 0):
        return []
    here = [instance["InstanceId"] for instance in _counted(group)]
    spot = _spot(aws, here)
    return sorted(one for one in here if one in spot and spot[one] is (percent == 100))


def _spot(aws: Aws, ids: Sequence[str]) -> Mapping[str, bool]:
    """Return whether each instance that EC2 shows is Spot, which never changes."""
    known = aws.inventory.spot
    if unread := [one for one in ids if one not in known]:
        filters = [{"Name": "instance-id", "Values": unread}]
        for reservation in aws.pages("ec2", "describe_instances", "Reservations", Filters=filters):
            for instance in reservation["Instances"]:
                known[instance["InstanceId"]] = instance.get("InstanceLifecycle") == "spot"
    return known


def _counted(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [instance for instance in group.get("Instances", ()) if instance["LifecycleState"] in COUNTED]


def newest(aws: Aws, group: Mapping[str, Any], outdated: Collection[str]) -> Mapping[str, Any]:
    """Return a group's newest instance refresh, as AWS shows it; empty if there was none.

    AWS is asked only if there may be one: while instances start or end, are outdated, or are to be replaced.
    """
    moving = any(instance["LifecycleState"] != "InService" for instance in group.get("Instances", ()))
    if not (outdated or moving or aws.new_ami):
        return {}
    name = group["AutoScalingGroupName"]
    found = aws.pages("autoscaling", "describe_instance_refreshes", "InstanceRefreshes", AutoScalingGroupName=name)
    refresh: Mapping[str, Any] = next(found, {})
    return refresh


def start(aws: Aws, group_name: str, *, everyone: bool) -> None:
    """Start to replace a group's outdated instances, or all. AWS refuses it while another refresh is active."""
    preferences = {**PREFERENCES, "SkipMatching": not everyone}
    aws.client("autoscaling").start_instance_refresh(AutoScalingGroupName=group_name, Preferences=preferences)


def progress(refresh: Mapping[str, Any]) -> str:
    """Describe the progress of a refresh; empty if it is not active."""
    status, left = refresh.get("Status"), refresh.get("InstancesToUpdate")
    if status not in ACTIVE:
        return ""
    percent = refresh.get("PercentageComplete", 0)
    if percent == 100:
        return "all instances replaced, 100 %"
    if left is None:
        return f"an instance refresh is {status}"
    # AWS shows how many are left and the percentage done, rounded down, but not the total
    total = -(-left * 100 // (100 - percent))
    sure = (total + 1 - left) * 100 // (total + 1) > percent
    replaced = f"{total - left} of {total} instances replaced" if sure else f"instances left to replace: {left}"
    return f"{replaced}, {percent} %" + (", being cancelled" if status == "Cancelling" else "")


def failure(refresh: Mapping[str, Any]) -> str:
    """Return the reason why a refresh ended before all instances were replaced; empty if it did not."""
    status = refresh.get("Status", "Successful")
    if status in ("Successful", *ACTIVE):
        return ""
    reason = refresh.get("StatusReason", "").rstrip(".")
    return because(f"the instance refresh {refresh.get('InstanceRefreshId')} is {status}", reason)


def _changes(aws: Aws, template: Observed) -> bool:
    """Return whether a launch template differs from its declaration."""
    name = template.attributes["launch_template_name"]
    # declared fields come before recorded ones
    wanted = next((fields for fields in aws.known(LaunchTemplate) if fields["launch_template_name"] == name), None)
    return wanted is not None and bool(compare(LaunchTemplate("", **wanted), template))
