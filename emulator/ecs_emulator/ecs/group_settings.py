"""Check settings of Auto Scaling groups that the API reference limits in its text but not in its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecs_emulator.patch import refuse

_HEALTH_CHECKS = ("EC2", "ELB", "EBS", "VPC_LATTICE")
_POLICIES = (
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
)
_SPOT = ("capacity-optimized", "capacity-optimized-prioritized", "lowest-price", "price-capacity-optimized")
_ON_DEMAND = ("lowest-price", "prioritized")
_DAY = 86400


def check_settings(request: Mapping[str, Any]) -> None:
    """Refuse values that CreateAutoScalingGroup and UpdateAutoScalingGroup do not take with ValidationError."""
    if lifetime := request.get("MaxInstanceLifetime"):
        _within("MaxInstanceLifetime", lifetime, _DAY, 365 * _DAY)
    for check_type in str(request.get("HealthCheckType") or "EC2").split(","):
        _one_of("HealthCheckType", check_type, _HEALTH_CHECKS)
    for policy in request.get("TerminationPolicies") or []:
        if not policy.startswith("arn:"):
            _one_of("TerminationPolicies", policy, _POLICIES)
    mixed = request.get("MixedInstancesPolicy") or {}
    distribution = mixed.get("InstancesDistribution") or {}
    _within("OnDemandPercentageAboveBaseCapacity", distribution.get("OnDemandPercentageAboveBaseCapacity"), 0, 100)
    _one_of("SpotAllocationStrategy", distribution.get("SpotAllocationStrategy"), _SPOT)
    _one_of("OnDemandAllocationStrategy", distribution.get("OnDemandAllocationStrategy"), _ON_DEMAND)
    overrides = (mixed.get("LaunchTemplate") or {}).get("Overrides") or []
    types = [override["InstanceType"] for override in overrides if override.get("InstanceType")]
    if len(set(types)) < len(types):
        refuse("ValidationError", "The overrides of a mixed instances policy cannot name an instance type twice.")


def _one_of(name: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        refuse("ValidationError", f"Invalid {name} '{value}'. Valid values: {', '.join(choices)}")


def _within(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= int(value) <= most:
        refuse("ValidationError", f"Invalid {name} {value}. It must be between {least} and {most}.")
