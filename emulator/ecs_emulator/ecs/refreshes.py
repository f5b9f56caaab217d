"""Instance refreshes: replace the instances of a group, some at a time (Auto Scaling user guide)."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ecs_emulator import durations, faults
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs.records import NEVER, Shape, now

ACTIVE = ("Pending", "InProgress", "Cancelling")
LEAVING = ("Terminating", "Terminating:Wait", "Terminating:Proceed")
COUNTED = ("Pending", "InService")
"""The lifecycle states that count towards the desired capacity: neither leaving nor in standby."""
_PROTECTED_SECONDS = 3600.0
"""The time that a refresh waits for instances to lose their protection: API reference, RefreshPreferences."""
_FAILING_SECONDS = 60.0


@dataclass
class Refresh:
    """An instance refresh.

    Attributes:
        preferences: the preferences of the request, with AWS's defaults.
        warmup: seconds of AWS's time after which a new instance counts as ready.
        before: the ids of all instances in the group at the start.
        outdated: the ids of the instances among them that have to be replaced.
        extra: the number of instances above the desired capacity for now.
        warm_at: for each new instance in service, the moment at which it counts as ready.
        gives_up_at: the moment at which it stops waiting for instances to lose their protection.
        fails_at: the moment at which it fails, by the scenario `operations-fail`.
    """

    preferences: Shape
    warmup: float
    before: frozenset[str]
    outdated: frozenset[str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "Pending"
    reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    extra: int = 0
    warm_at: dict[str, float] = field(default_factory=dict)
    begins_at: float = field(default_factory=lambda: later(durations.REFRESH_BEGIN))
    gives_up_at: float = NEVER
    fails_at: float = NEVER

    @property
    def replaced(self) -> int:
        """The number of instances whose replacements are ready."""
        return min(len(self.outdated), sum(map(passed, self.warm_at.values())))

    def end(self, status: str, reason: str = "") -> None:
        """Record the end with its status and reason."""
        self.status, self.reason, self.ended, self.extra = status, reason, now(), 0


def of(group: Any) -> list[Refresh]:
    """Return the refreshes of a group, newest first."""
    found: list[Refresh] = vars(group).setdefault("refreshes", [])
    return found


def active(group: Any) -> Refresh | None:
    """Return the active refresh of a group, or None; there is never more than one."""
    return next((refresh for refresh in of(group) if refresh.status in ACTIVE), None)


def begin(group: Any, preferences: Shape, warmup: float) -> Refresh:
    """Begin to replace the instances that the preferences do not exclude."""
    here = [state for state in group.instance_states if state.lifecycle_state in COUNTED]
    left_out = preferences["ScaleInProtectedInstances"] == "Ignore"
    outdated = frozenset(
        state.instance.id
        for state in here
        if not (preferences["SkipMatching"] and _matches(group, state))
        and not (left_out and state.protected_from_scale_in)
    )
    refresh = Refresh(preferences, warmup, frozenset(state.instance.id for state in here), outdated)
    of(group).insert(0, refresh)
    return refresh


def step(group: Any) -> list[Any]:
    """Advance a group's refresh by one round; return the instances to terminate now."""
    refresh = active(group)
    if refresh is None:
        return []
    if group.status is not None:
        refresh.end("Cancelled", "The Auto Scaling group is being deleted.")
    elif refresh.status == "Cancelling":
        if not any(state.lifecycle_state in ("Pending", *LEAVING) for state in group.instance_states):
            refresh.end("Cancelled")
    elif refresh.status == "Pending":
        if passed(refresh.begins_at):
            refresh.status, refresh.started = "InProgress", now()
            if faults.current.strike("operations-fail", "autoscaling:StartInstanceRefresh"):
                refresh.fails_at = later(_FAILING_SECONDS)
    elif refresh.fails_at == NEVER:
        return _replace(group, refresh)
    elif passed(refresh.fails_at):
        refresh.end("Failed", "New instances did not become healthy.")
    return []


def shown(group: Any, refresh: Refresh) -> Shape:
    """Return a refresh as DescribeInstanceRefreshes answers it."""
    shape: Shape = {
        "InstanceRefreshId": refresh.id,
        "AutoScalingGroupName": group.name,
        "Status": refresh.status,
        "StatusReason": refresh.reason or None,
        "StartTime": refresh.started,
        "EndTime": refresh.ended,
        "Preferences": refresh.preferences,
        "Strategy": "Rolling",
    }
    if refresh.started:
        total = len(refresh.outdated)
        shape["InstancesToUpdate"] = total - refresh.replaced
        shape["PercentageComplete"] = refresh.replaced * 100 // total if total else 100
    return {name: value for name, value in shape.items() if value is not None}


def _matches(group: Any, state: Any) -> bool:
    """Return whether an instance has the template's version and one of the types that the group launches."""
    overrides = ((group.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides") or []
    instance_types = [override["InstanceType"] for override in overrides if override.get("InstanceType")]
    template = group.ec2_launch_template
    if template is None or state.launch_template is None:
        return False
    version = str(template.get_version(group.launch_template_version).number)
    launched = (state.launch_template["LaunchTemplateId"], state.launch_template["Version"])
    return launched == (template.id, version) and (not instance_types or state.instance.instance_type in instance_types)


def _replace(group: Any, refresh: Refresh) -> list[Any]:
    """Advance a refresh in progress, and return the instances to terminate now."""
    here = [state for state in group.instance_states if state.lifecycle_state in COUNTED]
    serving = [state for state in here if state.lifecycle_state == "InService"]
    for state in serving:
        if state.instance.id not in refresh.before:
            refresh.warm_at.setdefault(state.instance.id, later(refresh.warmup))
    warm = [one for one in serving if one.instance.id in refresh.before or passed(refresh.warm_at[one.instance.id])]
    old = [state for state in here if state.instance.id in refresh.outdated]
    if not old:
        refresh.extra = 0
        gone = not any(state.instance.id in refresh.outdated for state in group.instance_states)
        if gone and len(warm) == len(here):
            refresh.end("Successful")
        return []
    refreshes_protected = refresh.preferences["ScaleInProtectedInstances"] == "Refresh"
    movable = [one for one in old if one in serving and (refreshes_protected or not one.protected_from_scale_in)]
    if _given_up(refresh, waits=not movable and len(warm) == len(here)):
        return []
    desired = group.desired_capacity or 0
    least, most = _bounds(refresh.preferences, desired)
    leaving = movable[: max(0, len(warm) - least)]
    refresh.extra = min(most - desired, len(movable) - len(leaving))
    return leaving


def _given_up(refresh: Refresh, *, waits: bool) -> bool:
    """Return whether the wait for protected instances has failed; `waits` is whether no other instances are left."""
    if not waits:
        refresh.gives_up_at, refresh.reason = NEVER, ""
        return False
    if refresh.gives_up_at == NEVER:
        refresh.gives_up_at = later(_PROTECTED_SECONDS)
        refresh.reason = "Waiting for scale-in protection to be removed from the remaining instances."
    if not passed(refresh.gives_up_at):
        return False
    refresh.end("Failed", "The remaining instances stayed protected from scale in for an hour.")
    return True


def _bounds(preferences: Shape, desired: int) -> tuple[int, int]:
    """Return the least number of ready instances, and the most instances at all: API reference, RefreshPreferences.

    If the percentages leave no room for a replacement, one instance may be missing; or, with a MaxHealthyPercentage,
    one more is launched first.
    """
    least = math.ceil(desired * preferences["MinHealthyPercentage"] / 100)
    largest = preferences.get("MaxHealthyPercentage")
    if largest is None:
        return min(least, max(0, desired - 1)), desired
    most = math.floor(desired * largest / 100)
    return least, max(most, desired + 1) if least >= desired else most
