"""Instance refreshes: answer their operations, which moto lacks, with the refusals of EC2 Auto Scaling."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from ecs_emulator.ecs import refreshes
from ecs_emulator.ecs.group_rules import require
from ecs_emulator.ecs.records import Shape
from ecs_emulator.patch import add, refuse

_DEFAULTS: Shape = {
    "MinHealthyPercentage": 90,
    "SkipMatching": False,
    "AutoRollback": False,
    "ScaleInProtectedInstances": "Wait",
    "StandbyInstances": "Wait",
}
_NOT_HERE = ("AlarmSpecification", "BakeTime", "CheckpointDelay", "CheckpointPercentages")
"""Preferences that the embedded cloud does not support."""


@add(AutoScalingResponse, "start_instance_refresh")
def start_instance_refresh(self: Any) -> Any:
    """Answer StartInstanceRefresh: one at a time for a group, to the group's present configuration."""
    group = require(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    if refreshes.active(group):
        refuse("InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks this one.")
    requested: Shape = self._get_param("Preferences") or {}
    _check(requested)
    if self._get_param("DesiredConfiguration") or self._get_param("Strategy", "Rolling") != "Rolling":
        refuse("ValidationError", "The embedded cloud refreshes in batches, and to the group's own configuration only.")
    preferences = {**_DEFAULTS, **requested, "InstanceWarmup": _warmup(group, requested)}
    refresh = refreshes.begin(group, preferences, preferences["InstanceWarmup"])
    return ActionResult({"InstanceRefreshId": refresh.id})


@add(AutoScalingResponse, "describe_instance_refreshes")
def describe_instance_refreshes(self: Any) -> Any:
    """Answer DescribeInstanceRefreshes, newest first."""
    group = require(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    wanted = self._get_param("InstanceRefreshIds") or []
    found = [one for one in refreshes.of(group) if not wanted or one.id in wanted]
    return ActionResult({"InstanceRefreshes": [refreshes.shown(group, one) for one in found]})


@add(AutoScalingResponse, "cancel_instance_refresh")
def cancel_instance_refresh(self: Any) -> Any:
    """Answer CancelInstanceRefresh; replaced instances stay, launches and terminations under way are completed."""
    refresh = _active(self)
    if self._get_bool_param("WaitForTransitioningInstances", True):
        refresh.status, refresh.extra = "Cancelling", 0
    else:
        refresh.end("Cancelled")
    return ActionResult({"InstanceRefreshId": refresh.id})


@add(AutoScalingResponse, "rollback_instance_refresh")
def rollback_instance_refresh(self: Any) -> Any:
    """Refuse RollbackInstanceRefresh: it needs a desired configuration, which no refresh here has."""
    _active(self)
    refuse("IrreversibleInstanceRefresh", "The instance refresh has no desired configuration to go back from.")


def _active(response: Any) -> refreshes.Refresh:
    group = require(response.autoscaling_backend, response._get_param("AutoScalingGroupName"))
    refresh = refreshes.active(group)
    if refresh is None:
        refuse("ActiveInstanceRefreshNotFound", f"The Auto Scaling group {group.name} is under no instance refresh.")
    return refresh


def _check(requested: Shape) -> None:
    """Refuse preferences that contradict each other, or that are not supported (API reference, RefreshPreferences)."""
    least, most = requested.get("MinHealthyPercentage"), requested.get("MaxHealthyPercentage")
    if most is not None and (least is None or most - least > 100):
        words = "MaxHealthyPercentage needs a MinHealthyPercentage that is lower by 100 at most."
        refuse("ValidationError", words)
    if requested.get("CheckpointDelay") is not None and not requested.get("CheckpointPercentages"):
        refuse("ValidationError", "CheckpointDelay needs CheckpointPercentages.")
    if requested.get("AutoRollback"):
        refuse("ValidationError", "AutoRollback needs a desired configuration.")
    if lacking := [name for name in _NOT_HERE if requested.get(name) is not None]:
        refuse("ValidationError", f"The embedded cloud has no {', '.join(lacking)} of an instance refresh.")


def _warmup(group: Any, requested: Shape) -> int:
    """Return the seconds until a new instance counts as ready: from the request, else from the group."""
    own = getattr(group, "default_instance_warmup", None)
    candidates = (requested.get("InstanceWarmup"), own, group.health_check_grace_period, 0)
    return int(next(one for one in candidates if one is not None))
