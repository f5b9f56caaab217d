"""ECS capacity providers with Auto Scaling groups, and Fargate's two, which always exist."""

from __future__ import annotations

import re

from ecs_emulator import durations, faults
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import managed
from ecs_emulator.ecs.dispatch import operation
from ecs_emulator.ecs.records import FARGATE, NEVER, CapacityProvider, Shape, last_part, tag_list, tag_map
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse

_INTERNAL_ERROR = "An internal error occurred. Try again."

_NAME = re.compile(r"(?!(?:aws|ecs|fargate))[A-Za-z0-9_-]{1,255}", re.IGNORECASE)


@operation
def create_capacity_provider(store: Store, request: Shape) -> Shape:
    """Answer CreateCapacityProvider: one provider for each group, ACTIVE at once.

    AWS's own example shows it so (AWS CLI, ecs create-capacity-provider). Only providers of managed instances, which
    are not supported here, are PROVISIONING first: https://github.com/hashicorp/terraform-provider-aws/issues/45693.
    """
    name = request.get("name", "")
    if not _NAME.fullmatch(name):
        refuse(
            "ClientException",
            "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters "
            "(upper and lowercase), numbers, underscores (_), and hyphens (-). The name cannot be prefixed with "
            '"aws", "ecs", or "fargate". Specify a valid name and try again.',
        )
    former = store.providers.get(name)
    if former is not None and former.status != "INACTIVE":
        refuse(
            "ClientException",
            "A capacity provider with the specified name already exists. Specify a unique name and try again.",
        )
    group = _group(request.get("autoScalingGroupProvider") or {}, None)
    provider = CapacityProvider(name, store.arn(f"capacity-provider/{name}"), group, tag_map(request.get("tags")))
    _check_group(store, provider)
    managed.mark(store, provider)
    store.providers[name] = provider
    return {"capacityProvider": _described(provider, tags=True)}


@operation
def describe_capacity_providers(store: Store, request: Shape) -> Shape:
    """Answer DescribeCapacityProviders: all if none is named; deleted ones remain as INACTIVE."""
    named = request.get("capacityProviders")
    found, failures = [], []
    for name in named or list(store.providers):
        provider = store.providers.get(last_part(name))
        if provider is None:
            arn = name if name.startswith("arn:") else store.arn(f"capacity-provider/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_described(provider, tags="TAGS" in request.get("include", [])))
    return {"capacityProviders": found, "failures": failures}


@operation
def update_capacity_provider(store: Store, request: Shape) -> Shape:
    """Answer UpdateCapacityProvider; the given settings of scaling, protection and draining replace the former."""
    provider = _find(store, request.get("name", ""))
    if provider.name in FARGATE:
        refuse("ClientException", "The specified capacity provider is reserved and cannot be updated.")
    before = provider.group
    provider.group = _group({**before, **(request.get("autoScalingGroupProvider") or {})}, before)
    try:
        _check_group(store, provider)
    except Exception:
        provider.group = before
        raise
    if faults.current.strike("operations-fail", "ecs:UpdateCapacityProvider"):
        provider.group = before
        provider.update_status, provider.update_reason = "UPDATE_FAILED", _INTERNAL_ERROR
        return {"capacityProvider": _described(provider, tags=True)}
    provider.update_status, provider.update_reason = "UPDATE_IN_PROGRESS", ""
    provider.status_at = later(durations.PROVIDER_CHANGE)
    for cluster in store.clusters.values():
        if provider.name in cluster.attachments:
            managed.detach(store, cluster, provider.name)
            managed.attach(store, cluster, provider)
    return {"capacityProvider": _described(provider, tags=True)}


@operation
def delete_capacity_provider(store: Store, request: Shape) -> Shape:
    """Answer DeleteCapacityProvider with 200 even if it fails; `updateStatus` shows the failure."""
    provider = _find(store, request.get("capacityProvider", ""))
    if provider.name in FARGATE:
        refuse("ClientException", "The specified capacity provider is reserved and cannot be deleted.")
    bound = [cluster.name for cluster in store.clusters.values() if provider.name in cluster.providers]
    if bound:
        provider.update_status = "DELETE_FAILED"
        provider.update_reason = (
            f"The capacity provider cannot be deleted because it is associated with cluster: {', '.join(bound)}. "
            "Remove the capacity provider from the cluster and try again."
        )
    elif faults.current.strike("operations-fail", "ecs:DeleteCapacityProvider"):
        provider.update_status, provider.update_reason = "DELETE_FAILED", _INTERNAL_ERROR
    else:
        provider.update_status, provider.update_reason = "DELETE_IN_PROGRESS", ""
        provider.status_at = later(durations.PROVIDER_CHANGE)
    return {"capacityProvider": _described(provider, tags=True)}


def settle(store: Store) -> None:
    """Complete the providers' updates and deletions whose time has come."""
    for provider in store.providers.values():
        if not passed(provider.status_at):
            continue
        if provider.update_status == "DELETE_IN_PROGRESS":
            provider.status, provider.update_status = "INACTIVE", "DELETE_COMPLETE"
        elif provider.update_status == "UPDATE_IN_PROGRESS":
            provider.update_status = "UPDATE_COMPLETE"
        else:
            provider.status_at = NEVER


def _find(store: Store, name: str) -> CapacityProvider:
    provider = store.providers.get(last_part(name))
    if provider is None or provider.status == "INACTIVE":
        refuse(
            "ClientException",
            "The specified capacity provider does not exist. Specify a valid name or ARN and try again.",
        )
    return provider


def _group(given: Shape, former: Shape | None) -> Shape:
    """Return the group's settings with AWS's defaults (API reference of AutoScalingGroupProvider)."""
    base = (former or {}).get("managedScaling", {})
    scaling = {"status": "DISABLED", **base, **given.get("managedScaling", {})}
    scaling.setdefault("targetCapacity", 100)
    scaling.setdefault("minimumScalingStepSize", 1)
    scaling.setdefault("maximumScalingStepSize", 10000)
    scaling.setdefault("instanceWarmupPeriod", 300)
    return {
        "autoScalingGroupArn": given.get("autoScalingGroupArn", ""),
        "managedScaling": scaling,
        "managedTerminationProtection": given.get("managedTerminationProtection", "DISABLED"),
        "managedDraining": given.get("managedDraining", "ENABLED"),
    }


def _check_group(store: Store, provider: CapacityProvider) -> None:
    group = store.autoscaling.autoscaling_groups.get(provider.group_name)
    given = provider.group["autoScalingGroupArn"]
    if group is None or (given.startswith("arn:") and given != group.arn):
        refuse("ClientException", "The specified Auto Scaling group ARN is invalid. Specify a valid ARN and try again.")
    provider.group["autoScalingGroupArn"] = group.arn
    if not 1 <= int(provider.group["managedScaling"]["targetCapacity"]) <= 100:
        refuse("InvalidParameterException", "The target capacity of managed scaling must be between 1 and 100.")
    for other in store.providers.values():
        if other.name != provider.name and other.status != "INACTIVE" and other.group_name == group.name:
            refuse(
                "ClientException",
                "The specified Auto Scaling group ARN is already being used by another capacity provider. "
                "Specify a unique Auto Scaling group ARN and try again.",
            )
    if provider.group["managedTerminationProtection"] != "ENABLED":
        return
    if provider.group["managedScaling"]["status"] != "ENABLED":
        refuse(
            "InvalidParameterException",
            "Managed termination protection cannot be enabled without managed scaling. Enable managed scaling.",
        )
    if not group.new_instances_protected_from_scale_in:
        refuse(
            "InvalidParameterException",
            "The managed termination protection setting for the capacity provider is invalid. To enable managed "
            "termination protection for a capacity provider, the Auto Scaling group must have instance protection "
            "from scale in enabled.",
        )


def _described(provider: CapacityProvider, *, tags: bool) -> Shape:
    shape: Shape = {
        "capacityProviderArn": provider.arn,
        "name": provider.name,
        "status": provider.status,
        "type": "EC2_AUTOSCALING" if provider.group else provider.name,
        "tags": tag_list(provider.tags) if tags else [],
    }
    if provider.group:
        shape["autoScalingGroupProvider"] = provider.group
    if provider.update_status:
        shape |= {"updateStatus": provider.update_status, "updateStatusReason": provider.update_reason}
    return shape
