"""EventBridge Scheduler's operations, which replace all of moto's (API reference)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse
from moto.scheduler import urls

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs.records import last_part
from ecs_emulator.own_services import answer
from ecs_emulator.paging import Listing, listings
from ecs_emulator.patch import refuse, replace
from ecs_emulator.rules import limits
from ecs_emulator.services.scheduler import checks
from ecs_emulator.services.scheduler.schedules import DEFAULT, Group, Schedule, Schedules, Shape, now, schedules

Operation = Callable[[Schedules, Shape], Shape]

_SETTINGS = (
    "ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "KmsKeyArn", "ScheduleExpression",
    "ScheduleExpressionTimezone", "StartDate", "State", "Target",
)  # fmt: skip
_DEFAULTS: Shape = {"ActionAfterCompletion": "NONE", "ScheduleExpressionTimezone": "UTC", "State": "ENABLED"}
_RETRIES: Shape = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
_NO_GROUP = "Schedule group {} does not exist."
_operations: dict[str, Operation] = {}


class SchedulerResponse(BaseResponse):
    """Moto's entry to EventBridge Scheduler: it parses and serializes by botocore's model, and calls the operations."""

    def __init__(self) -> None:
        super().__init__(service_name="scheduler")
        self.automated_parameter_parsing = True

    def call_action(self) -> TYPE_RESPONSE:
        """Answer one request. Raises NotImplementedError for an operation that is not here."""
        action = self._get_action()
        function = _operations.get(action)
        if function is None:
            raise NotImplementedError(f"scheduler {action}")
        if refusal := limits.refused(self):
            return refusal
        request = {name: _aware(value) for name, value in self.params.items() if value is not None}
        kept = schedules(self.current_account, self.region)
        return answer(self, lambda: function(kept, request), request, _listings().get(action))


def _aware(value: Any) -> Any:
    """Return a request's value with UTC as the time zone of moments; moto reads them without one."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


replace(urls, "url_paths")(dict.fromkeys(urls.url_paths, SchedulerResponse.dispatch))


@functools.cache
def _listings() -> dict[str, Listing]:
    return listings("scheduler")


def _operation(name: str) -> Callable[[Operation], Operation]:
    def register(function: Operation) -> Operation:
        _operations[name] = function
        return function

    return register


# -- schedules ---------------------------------------------------------------------------------------------------------


@_operation("CreateSchedule")
def create_schedule(kept: Schedules, request: Shape) -> Shape:
    """CreateSchedule: refuse a used name, and a missing group; the same token returns the same schedule."""
    group = _group(kept, request.get("GroupName"))
    name, token = request["Name"], request.get("ClientToken", "")
    found = group.schedules.get(name)
    if found and token and (found.token, found.request) == (token, request):
        return {"ScheduleArn": found.arn}
    if found:
        refuse("ConflictException", f"Schedule {name} already exists.")
    if group.state == "DELETING":
        refuse("ConflictException", f"Schedule group {group.name} is being deleted.")
    checks.check(kept, group.arn, request)
    arn = kept.arn(f"schedule/{group.name}/{name}")
    made = Schedule(name, group.name, arn, _shape(request), now(), now(), token, dict(request))
    group.schedules[name] = made
    made.plan()
    return {"ScheduleArn": arn}


@_operation("UpdateSchedule")
def update_schedule(kept: Schedules, request: Shape) -> Shape:
    """UpdateSchedule: replace all settings; a setting that the request leaves out gets its default."""
    found = _schedule(kept, request)
    checks.check(kept, kept.groups[found.group].arn, request)
    found.shape, found.changed, found.last = _shape(request), now(), None
    found.plan()
    return {"ScheduleArn": found.arn}


@_operation("GetSchedule")
def get_schedule(kept: Schedules, request: Shape) -> Shape:
    """GetSchedule: show defaults for settings that the request left out."""
    found = _schedule(kept, request)
    return {**_summary(found), **found.shape}


@_operation("DeleteSchedule")
def delete_schedule(kept: Schedules, request: Shape) -> Shape:
    """DeleteSchedule: delete at once; tasks that the schedule has started run on."""
    found = _schedule(kept, request)
    del kept.groups[found.group].schedules[found.name]
    return {}


@_operation("ListSchedules")
def list_schedules(kept: Schedules, request: Shape) -> Shape:
    """ListSchedules: filter by group, by state and by the beginning of the name."""
    if wanted := request.get("GroupName"):
        _group(kept, wanted)
    found = [
        {**_summary(one), "State": one.shape["State"], "Target": {"Arn": one.shape["Target"]["Arn"]}}
        for one in kept.all()
        if wanted in (None, one.group)
        and request.get("State") in (None, one.shape["State"])
        and one.name.startswith(request.get("NamePrefix", ""))
    ]
    return {"Schedules": found}


def _shape(request: Shape) -> Shape:
    shape = {**_DEFAULTS, **{name: request[name] for name in _SETTINGS if name in request}}
    target = shape["Target"]
    return {**shape, "Target": {**target, "RetryPolicy": {**_RETRIES, **target.get("RetryPolicy", {})}}}


def _summary(one: Schedule) -> Shape:
    return {
        "Arn": one.arn,
        "Name": one.name,
        "GroupName": one.group,
        "CreationDate": one.created,
        "LastModificationDate": one.changed,
    }


def _schedule(kept: Schedules, request: Shape) -> Schedule:
    name = request["Name"]
    found = _group(kept, request.get("GroupName")).schedules.get(name)
    if found is None:
        _missing(f"Schedule {name} does not exist.")
    return found


# -- groups ------------------------------------------------------------------------------------------------------------


@_operation("CreateScheduleGroup")
def create_schedule_group(kept: Schedules, request: Shape) -> Shape:
    """CreateScheduleGroup: refuse a used name; the same token returns the same group."""
    name, token = request["Name"], request.get("ClientToken", "")
    settle(kept)
    if found := kept.groups.get(name):
        if token and found.token == token:
            return {"ScheduleGroupArn": found.arn}
        refuse("ConflictException", f"Schedule group {name} already exists.")
    return {"ScheduleGroupArn": kept.add(name, _tags(request), token).arn}


@_operation("GetScheduleGroup")
def get_schedule_group(kept: Schedules, request: Shape) -> Shape:
    """GetScheduleGroup: show a group even while it is DELETING."""
    return _group_shape(_group(kept, request["Name"]))


@_operation("ListScheduleGroups")
def list_schedule_groups(kept: Schedules, request: Shape) -> Shape:
    """ListScheduleGroups: filter by the beginning of the name."""
    settle(kept)
    prefix = request.get("NamePrefix", "")
    return {"ScheduleGroups": [_group_shape(one) for one in kept.groups.values() if one.name.startswith(prefix)]}


@_operation("DeleteScheduleGroup")
def delete_schedule_group(kept: Schedules, request: Shape) -> Shape:
    """DeleteScheduleGroup: show the group as DELETING for a while; refuse the default group.

    Its schedules may be invoked until they are deleted (API reference, DeleteScheduleGroup).
    """
    group = _group(kept, request["Name"])
    if group.name == DEFAULT:
        refuse("ValidationException", "The default schedule group cannot be deleted.")
    if group.state == "ACTIVE":
        group.gone_at, group.changed = later(durations.SCHEDULE_GROUP_DELETE), now()
    return {}


def settle(kept: Schedules) -> None:
    """Remove the groups whose deletion is over, with their schedules."""
    for name in [name for name, group in kept.groups.items() if passed(group.gone_at)]:
        del kept.groups[name]


def _group(kept: Schedules, name: str | None) -> Group:
    settle(kept)
    found = kept.groups.get(name or DEFAULT)
    if found is None:
        _missing(_NO_GROUP.format(name))
    return found


def _group_shape(group: Group) -> Shape:
    return {
        "Arn": group.arn,
        "Name": group.name,
        "State": group.state,
        "CreationDate": group.created,
        "LastModificationDate": group.changed,
    }


def _missing(words: str) -> NoReturn:
    refuse("ResourceNotFoundException", words)


# -- tags, which only groups have --------------------------------------------------------------------------------------


@_operation("TagResource")
def tag_resource(kept: Schedules, request: Shape) -> Shape:
    """TagResource: tag a group."""
    _tagged(kept, request).tags.update(_tags(request))
    return {}


@_operation("UntagResource")
def untag_resource(kept: Schedules, request: Shape) -> Shape:
    """UntagResource: untag a group."""
    group = _tagged(kept, request)
    for key in request.get("TagKeys", ()):
        group.tags.pop(key, None)
    return {}


@_operation("ListTagsForResource")
def list_tags_for_resource(kept: Schedules, request: Shape) -> Shape:
    """ListTagsForResource: return a group's tags."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tagged(kept, request).tags.items()]}


def _tagged(kept: Schedules, request: Shape) -> Group:
    arn = request["ResourceArn"]
    found = kept.groups.get(last_part(arn))
    if found is None or found.arn != arn:
        _missing(_NO_GROUP.format(last_part(arn)))
    return found


def _tags(request: Shape) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
