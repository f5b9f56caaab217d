"""EC2 Auto Scaling's instance refresh: replaces what a group launched from earlier versions of its launch template.

Also what it launched of other instance types, or with another purchase option, than it is to have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from provisioner.aws.client import Aws
from provisioner.engine.resource import Observed, compare
from provisioner.resources.ec2.launch import LaunchTemplate
from provisioner.resources.phrases import because

PREFERENCES = {
    # a new instance first, and then an old one goes: services keep the room that they have
    "MinHealthyPercentage": 100,
    "MaxHealthyPercentage": 110,
    # seconds from in service to registered with ECS
    "InstanceWarmup": 120,
    # ECS protects every instance of a capacity provider with managed termination protection
    "ScaleInProtectedInstances": "Refresh",
    # somebody has put these aside
    "StandbyInstances": "Ignore",
}
"""See RefreshPreferences in the API reference. There is no desired configuration: the group goes by the default version
of its launch template, so that what it launches for other reasons meanwhile is right as well.

SkipMatching compares template and instance types, but not the purchase option (Auto Scaling user guide, "Use an
instance refresh with skip matching"): where that is wrong, all instances are replaced."""
ACTIVE = ("Pending", "InProgress", "Cancelling", "Baking", "RollbackInProgress")
COUNTED = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
"""The lifecycle states of an instance that is not on its way out of the group, nor put aside."""


def outdated(aws: Aws, group: Mapping[str, Any]) -> list[str]:
    """Return the ids of a group's instances that were launched from another version of its launch template.

    When these are to be replaced, all are if the template itself is still to be changed.

    Args:
        group: as DescribeAutoScalingGroups tells it.
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
    """Return the ids of a group's instances of types that it is not to have.

    Args:
        group: as DescribeAutoScalingGroups tells it.
        policy: the mixed instances policy that is declared.
    """
    types = {override.get("InstanceType") for override in policy.get("LaunchTemplate", {}).get("Overrides", ())}
    if not types or None in types:
        return []
    return sorted(i["InstanceId"] for i in _counted(group) if i.get("InstanceType") not in types)


def bought_otherwise(aws: Aws, group: Mapping[str, Any], policy: Mapping[str, Any]) -> list[str]:
    """Return the ids of a group's instances that are Spot and are to be On-Demand, or the other way round.

    Args:
        group: as DescribeAutoScalingGroups tells it.
        policy: the mixed instances policy that is declared; one with both options has no wrong ones.
    """
    distribution = policy.get("InstancesDistribution", {})
    percent = distribution.get("OnDemandPercentageAboveBaseCapacity", 100)
    if percent not in (0, 100) or distribution.get("OnDemandBaseCapacity", 0):
        return []
    here = [instance["InstanceId"] for instance in _counted(group)]
    spot = _spot(aws, here)
    return sorted(one for one in here if one in spot and spot[one] is (percent == 100))


def _spot(aws: Aws, ids: Sequence[str]) -> Mapping[str, bool]:
    """Return of each instance that EC2 shows whether it is Spot, which never changes."""
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
    """Return the instance refresh of a group that was started last, as AWS tells it; empty if there was none.

    AWS is asked only if there may be one to tell of: while instances come and go, or are outdated, or are to be
    replaced.
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
    """Say how far a refresh is; empty if it is not active."""
    status, left = refresh.get("Status"), refresh.get("InstancesToUpdate")
    if status not in ACTIVE:
        return ""
    percent = refresh.get("PercentageComplete", 0)
    if percent == 100:
        return "all instances replaced, 100 %"
    if left is None:
        return f"an instance refresh is {status}"
    # AWS tells how many are left and how many percent are done, rounded down, but not how many there are
    total = -(-left * 100 // (100 - percent))
    sure = (total + 1 - left) * 100 // (total + 1) > percent
    replaced = f"{total - left} of {total} instances replaced" if sure else f"instances left to replace: {left}"
    return f"{replaced}, {percent} %" + (", being cancelled" if status == "Cancelling" else "")


def failure(refresh: Mapping[str, Any]) -> str:
    """Say why a refresh ended before all was replaced; empty if it did not."""
    status = refresh.get("Status", "Successful")
    if status in ("Successful", *ACTIVE):
        return ""
    reason = refresh.get("StatusReason", "").rstrip(".")
    return because(f"the instance refresh {refresh.get('InstanceRefreshId')} is {status}", reason)


def _changes(aws: Aws, template: Observed) -> bool:
    """Whether a launch template is declared otherwise than it is."""
    name = template.attributes["launch_template_name"]
    # what is declared comes before what is recorded
    wanted = next((fields for fields in aws.known(LaunchTemplate) if fields["launch_template_name"] == name), None)
    return wanted is not None and bool(compare(LaunchTemplate("", **wanted), template))
