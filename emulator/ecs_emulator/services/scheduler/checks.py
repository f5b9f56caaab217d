"""Checks of CreateSchedule and UpdateSchedule (API reference; `rules.limits` checks the limits of the model)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import arn_like, like, listed
from ecs_emulator.patch import refuse
from ecs_emulator.services.scheduler.expressions import At, parse
from ecs_emulator.services.scheduler.schedules import Schedules, Shape, now
from ecs_emulator.services.scheduler.universal import is_universal, operation_of

PRINCIPAL = "scheduler.amazonaws.com"
_EARLIEST = timedelta(minutes=5)


def check(kept: Schedules, group_arn: str, request: Shape) -> None:
    """Refuse a schedule with missing or wrong settings."""
    _check_when(request)
    window = request.get("FlexibleTimeWindow") or {}
    if window.get("Mode") not in ("OFF", "FLEXIBLE"):
        _invalid("FlexibleTimeWindow must have the mode OFF or FLEXIBLE.")
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        _invalid("MaximumWindowInMinutes belongs to the mode FLEXIBLE, which needs it.")
    target = request.get("Target") or {}
    for name in ("Arn", "RoleArn"):
        if not target.get(name):
            _invalid(f"Target.{name} must not be null.")
    _check_target(target)
    if not trusts(kept.account, target["RoleArn"], group_arn):
        # aws-sdk-js-v3#6494
        _invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")


def _check_when(request: Shape) -> None:
    """Refuse a wrong expression, an unknown time zone, and dates without a due time (API reference, CreateSchedule).

    The time zone has IANA's name. A start date may lie up to five minutes back; one-time schedules ignore both dates.
    """
    text = request.get("ScheduleExpression") or ""
    try:
        expression = parse(text)
    except ValueError:
        _invalid(f"Invalid Schedule Expression {text}.")
    zone = request.get("ScheduleExpressionTimezone")
    if zone is not None and zone not in available_timezones():
        _invalid(f"Invalid Schedule Expression Timezone {zone}.")
    if isinstance(expression, At):
        return
    begin, end = request.get("StartDate"), request.get("EndDate")
    if isinstance(begin, datetime) and begin < now() - _EARLIEST:
        _invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if isinstance(end, datetime) and end <= max(now(), begin or now()):
        _invalid("The EndDate you specify must be later than the StartDate and now.")


def _check_target(target: Shape) -> None:
    """Refuse a malformed ARN, and a cluster without EcsParameters or the reverse (API reference, EcsParameters)."""
    parts = target["Arn"].split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
        _invalid("Provided Arn is not in correct format.")
    if is_universal(target["Arn"]):
        _check_universal(target)
    cluster = parts[2] == "ecs" and parts[5].startswith("cluster/")
    given = target.get("EcsParameters")
    if cluster != bool(given):
        _invalid("EcsParameters must be given for a cluster of Amazon ECS, and for no other target.")
    if given and not given.get("TaskDefinitionArn"):
        _invalid("EcsParameters.TaskDefinitionArn must not be null.")
    if given and ":task-definition/" not in given["TaskDefinitionArn"]:
        _invalid("Provided TaskDefinitionArn is not in correct format.")
    if given and given.get("LaunchType") and given.get("CapacityProviderStrategy"):
        _invalid("LaunchType must be omitted if a CapacityProviderStrategy is given.")


def _check_universal(target: Shape) -> None:
    """Refuse an unknown or a reading operation, and input that is no JSON (user guide, "Using universal targets")."""
    try:
        operation_of(target["Arn"])
    except ValueError as error:
        _invalid(f"Provided Arn is not in correct format: {error}.")
    try:
        given = json.loads(target.get("Input") or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        _invalid("Target.Input of a universal target must be a JSON object.")


def trusts(account: str, role_arn: str, source_arn: str, service: str = PRINCIPAL) -> bool:
    """Return whether the role exists and a service may assume it for a resource: for a group's schedules.

    Two conditions are evaluated (user guide, "Confused deputy prevention"): the account, and the ARN of the resource.
    """
    role = roles.named(account, role_arn.rpartition("/")[2])
    if role is None or role.arn != role_arn:
        return False
    document = json.loads(role.assume_role_policy_document)
    found = {"aws:sourceaccount": account, "aws:sourcearn": source_arn}
    return any(_admits(statement, found, service) for statement in listed(document.get("Statement")))


def _admits(statement: Any, found: dict[str, str], service: str) -> bool:
    principal = statement.get("Principal")
    services = listed(principal.get("Service")) if isinstance(principal, dict) else ()
    actions = [action.lower() for action in listed(statement.get("Action"))]
    if statement.get("Effect") != "Allow" or service not in services:
        return False
    if not {"sts:assumerole", "sts:*", "*"} & {*actions}:
        return False
    return all(
        _holds(operator, found[key.lower()], listed(values))
        for operator, tests in (statement.get("Condition") or {}).items()
        for key, values in tests.items()
        if key.lower() in found
    )


def _holds(operator: str, value: str, patterns: Iterable[str]) -> bool:
    if operator == "StringEquals":
        return value in patterns
    matches = arn_like if operator.startswith("Arn") else like
    return any(matches(pattern, value) for pattern in patterns)


def _invalid(words: str) -> None:
    refuse("ValidationException", words)
