"""Scheduled actions: the checks of PutScheduledAction, and new bounds of a scalable target when an action is due.

Sources: Application Auto Scaling API, PutScheduledAction and ScheduledAction; its user guide, "How scheduled scaling
works": an action sets the minimum and the maximum of its target, and brings the capacity between them. AWS's words for
wrong values are not known.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeScheduledAction,
    applicationautoscaling_backends,
)

from ecs_emulator.clock import CLOCK, passed
from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.application_autoscaling import activities, texts
from ecs_emulator.services.application_autoscaling.bounds import check_bounds
from ecs_emulator.services.scheduler.expressions import At, due, parse

_NEVER = float("inf")
_MOST = 200
"""The most scheduled actions of a scalable target (Application Auto Scaling quotas)."""
_NAME = re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f:/|]{1,256}(?<! )")


def settle() -> None:
    """Carry out the scheduled actions that are due. The caller holds the cloud's lock."""
    for regions in [*applicationautoscaling_backends.values()]:
        for backend in [*regions.values()]:
            for action in [one for one in backend.scheduled_actions if passed(getattr(one, "due_at", _NEVER))]:
                _act(backend, action)


def _act(backend: ApplicationAutoscalingBackend, action: Any) -> None:
    """Give the target the action's bounds; a suspended target misses the action (user guide, suspend and resume)."""
    action.last = action.due
    _plan(action)
    if action.due_at == _NEVER and isinstance(parse(action.schedule), At):
        backend.scheduled_actions.remove(action)
    target: Any = backend.targets.get(action.scalable_dimension, {}).get(action.resource_id)
    if target is None or (target.suspended_state or {}).get("ScheduledScalingSuspended"):
        return
    wanted = action.scalable_target_action
    target.update(wanted.get("MinCapacity"), wanted.get("MaxCapacity"), None)
    bounds = f"min capacity to {target.min_capacity} and max capacity to {target.max_capacity}"
    activities.note(
        backend,
        action.resource_id,
        f"Setting {bounds}",
        f"scheduled action name {action.scheduled_action_name} was triggered",
    )


def _plan_anew(action: Any) -> None:
    """Plan a new or changed action: its earlier due times no longer count."""
    action.due = action.last = None
    action.changed = datetime.fromtimestamp(CLOCK.time(), UTC)
    _plan(action)


def _plan(action: Any) -> None:
    """Set the next due time of an action, between its start and its end, at which the clock stops."""
    expression, zone = parse(action.schedule), ZoneInfo(action.timezone or "UTC")
    begin, end = (_moment(one) for one in (action.start_time, action.end_time))
    found = due(expression, zone, action.changed, begin, action.last)
    action.due = None if found and end and found > end else found
    action.due_at = CLOCK.later(action.due.timestamp() - CLOCK.time()) if action.due else _NEVER


def _moment(given: Any) -> datetime | None:
    return None if given is None else datetime.fromtimestamp(float(given), UTC)


@wrap(FakeScheduledAction, "__init__")
def init_action(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """PutScheduledAction: plan a new action."""
    original(self, *args, **kwargs)
    _plan_anew(self)


@wrap(FakeScheduledAction, "update")
def update_action(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """PutScheduledAction: plan a changed action anew."""
    original(self, *args, **kwargs)
    _plan_anew(self)


@wrap(ApplicationAutoscalingBackend, "put_scheduled_action")
def put_scheduled_action(
    original: Any,
    self: Any,
    service_namespace: str,
    schedule: str,
    timezone: str,
    scheduled_action_name: str,
    resource_id: str,
    scalable_dimension: str,
    start_time: str,
    end_time: str,
    scalable_target_action: dict[str, Any],
) -> None:
    """Answer PutScheduledAction; it needs a scalable target, a time, and bounds in order."""
    place = (resource_id, scalable_dimension)
    if not self._scalable_target_exists(*place):
        refuse("ObjectNotFoundException", texts.NO_TARGET.format(service_namespace, *place))
    there = [one for one in self.scheduled_actions if (one.resource_id, one.scalable_dimension) == place]
    new = scheduled_action_name not in {one.scheduled_action_name for one in there}
    if new and len(there) >= _MOST:
        refuse("LimitExceededException", f"A scalable target has {_MOST} scheduled actions at the most.")
    _check(scheduled_action_name, schedule, timezone, scalable_target_action or {}, new=new)
    when = (schedule, timezone, scheduled_action_name, *place, start_time, end_time)
    original(self, service_namespace, *when, scalable_target_action)


def _check(name: str, schedule: str, timezone: str, bounds: dict[str, Any], *, new: bool) -> None:
    if not _NAME.fullmatch(name or ""):
        refuse("ValidationException", f"The scheduled action name {name} is not valid.")
    if new and not schedule:
        refuse("ValidationException", "A new scheduled action needs a schedule.")
    if schedule:
        try:
            parse(schedule)
        except ValueError as error:
            refuse("ValidationException", f"Schedule {schedule} is not valid: {error}.")
    if timezone and timezone not in available_timezones():
        refuse("ValidationException", f"Timezone {timezone} is not valid.")
    if new and not bounds:
        refuse("ValidationException", "A new scheduled action needs a minimum or a maximum capacity.")
    check_bounds(bounds.get("MinCapacity"), bounds.get("MaxCapacity"))


@wrap(ApplicationAutoscalingBackend, "delete_scheduled_action")
def delete_scheduled_action(
    original: Any,
    self: Any,
    service_namespace: str,
    scheduled_action_name: str,
    resource_id: str,
    scalable_dimension: str,
) -> None:
    """Answer DeleteScheduledAction; refuse an unknown action with ObjectNotFoundException."""
    keys = {(one.scheduled_action_name, one.resource_id, one.scalable_dimension) for one in self.scheduled_actions}
    if (scheduled_action_name, resource_id, scalable_dimension) not in keys:
        refuse("ObjectNotFoundException", f"No scheduled action found: {scheduled_action_name}.")
    original(self, service_namespace, scheduled_action_name, resource_id, scalable_dimension)
