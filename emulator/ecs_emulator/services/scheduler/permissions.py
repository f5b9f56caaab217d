"""Permissions of EventBridge Scheduler, by call (Service Authorization Reference)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.ec2.permissions import passed
from ecs_emulator.services.scheduler.checks import PRINCIPAL
from ecs_emulator.services.scheduler.schedules import DEFAULT


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to EventBridge Scheduler."""
    _, sort, name = [*urllib.parse.unquote(call.path).split("/", 2), "", ""][:3]
    brought = requested(call.tags("Tags"))
    if sort == "tags":
        yield call.existing(name, brought)
    elif sort == "schedule-groups" and name:
        arn = call.arn(f"schedule-group/{name}")
        yield call.existing(arn, brought)
        if call.operation == "CreateScheduleGroup" and brought:
            yield call.existing(arn, brought, "scheduler:TagResource")
    elif sort == "schedules" and name:
        query = dict(urllib.parse.parse_qsl(call.query))
        group = call.text("GroupName") or query.get("groupName") or DEFAULT
        yield call.check(call.arn(f"schedule/{group}/{name}"))
        if role := (call.body.get("Target") or {}).get("RoleArn"):
            yield passed(call, role, PRINCIPAL)
    else:
        yield call.check()
