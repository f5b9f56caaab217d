"""Invoke the targets of due schedules: RunTask, StartExecution and universal targets, as the execution role may.

An invocation that fails is repeated (`attempts`). Other targets are not invoked.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import ServiceException

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check
from ecs_emulator.clock import passed
from ecs_emulator.ecs import run_tasks
from ecs_emulator.ecs.records import Shape, last_part
from ecs_emulator.ecs.store import Store, store
from ecs_emulator.services.scheduler import attempts, checks, operations
from ecs_emulator.services.scheduler.attempts import Attempt
from ecs_emulator.services.scheduler.schedules import NEVER, Schedule, Schedules, in_use
from ecs_emulator.services.scheduler.universal import UNIVERSAL, is_universal
from ecs_emulator.services.stepfunctions.machines import machines
from ecs_emulator.services.stepfunctions.operations import start_execution

_SAME = {
    "CapacityProviderStrategy": "capacityProviderStrategy",
    "EnableECSManagedTags": "enableECSManagedTags",
    "EnableExecuteCommand": "enableExecuteCommand",
    "Group": "group",
    "LaunchType": "launchType",
    "PlacementConstraints": "placementConstraints",
    "PlacementStrategy": "placementStrategy",
    "PlatformVersion": "platformVersion",
    "PropagateTags": "propagateTags",
    "TaskCount": "count",
    "TaskDefinitionArn": "taskDefinition",
}
"""Members of EcsParameters, and their names in RunTask."""
_LONGEST_STARTED_BY = 36
"""The length to which Scheduler cuts `startedBy`, as published tasks show: `chronos-schedule/gold-coast-data-lak`, and
four more names of 19 letters. AWS documents neither the prefix nor the length.
"""


def settle() -> None:
    """Invoke the due schedules of all Regions, and repeat failed invocations. The caller holds the cloud's lock."""
    for attempt in attempts.due():
        _invoke(attempt)
    for kept in in_use():
        operations.settle(kept)
        for schedule in kept.all():
            if passed(schedule.due_at):
                schedule.last = schedule.due
                _invoke(Attempt(kept, schedule, schedule.shape["Target"]))
                _go_on(kept, schedule)


def _go_on(kept: Schedules, schedule: Schedule) -> None:
    """Plan the next invocation; if none is left, apply ActionAfterCompletion (API reference)."""
    schedule.plan()
    over = schedule.due_at == NEVER
    if over and schedule.shape["ActionAfterCompletion"] == "DELETE":
        del kept.groups[schedule.group].schedules[schedule.name]


def _invoke(attempt: Attempt) -> None:
    kept, schedule, target = attempt.kept, attempt.schedule, attempt.target
    try:
        if "EcsParameters" in target:
            _run_task(kept, schedule, target)
        elif ":stateMachine:" in target["Arn"]:
            _start_execution(kept, schedule, target)
        elif is_universal(target["Arn"]):
            _check_trust(kept, target, schedule.group)
            UNIVERSAL.invoke(kept, target)
    except (ServiceException, BotoCoreError, ClientError, ValueError, PermissionError) as error:
        attempts.fail(attempt, error)
    except Exception:  # noqa: BLE001 (one that cannot be invoked must not keep the others from it)
        traceback.print_exc()


def _run_task(kept: Schedules, schedule: Schedule, target: Shape) -> None:
    ecs = store(kept.account, target["Arn"].split(":")[3] or kept.region)
    request = _request(schedule, target)
    _check_trust(kept, target, schedule.group)
    if not _allowed(kept, ecs, target, request):
        raise PermissionError("the execution role may not run the task")
    run_tasks.run(ecs, request)


def _start_execution(kept: Schedules, schedule: Schedule, target: Shape) -> None:
    """Start an execution with the target's input (user guide, "Using templated targets", StartExecution)."""
    _check_trust(kept, target, schedule.group)
    role = roles.named(kept.account, last_part(target["RoleArn"]))
    if not roles.allows(kept.account, role, Check("states:StartExecution", target["Arn"], {})):
        raise PermissionError("the execution role may not start the execution")
    region = target["Arn"].split(":")[3]
    asked = {"stateMachineArn": target["Arn"], "input": target.get("Input", "{}")}
    start_execution(machines(kept.account, region), asked)


def _check_trust(kept: Schedules, target: Shape, group: str) -> None:
    """Raise PermissionError if the execution role no longer trusts the service."""
    if not checks.trusts(kept.account, target["RoleArn"], kept.arn(f"schedule-group/{group}")):
        raise PermissionError("the execution role does not trust the service")


def _request(schedule: Schedule, target: Shape) -> Shape:
    """Return the RunTask request of a target; `Input` has its overrides (user guide, "Templated targets")."""
    given = target["EcsParameters"]
    request: dict[str, Any] = {ours: given[theirs] for theirs, ours in _SAME.items() if theirs in given}
    if network := given.get("NetworkConfiguration", {}).get("awsvpcConfiguration"):
        small = {name[0].lower() + name[1:]: value for name, value in network.items()}
        request["networkConfiguration"] = {"awsvpcConfiguration": small}
    if tags := given.get("Tags"):
        request["tags"] = [{name.lower(): value for name, value in tag.items()} for tag in tags]
    if text := target.get("Input"):
        request["overrides"] = json.loads(text)
    return {**request, "cluster": target["Arn"], "startedBy": f"chronos-schedule/{schedule.name}"[:_LONGEST_STARTED_BY]}


def _allowed(kept: Schedules, ecs: Store, target: Shape, request: Shape) -> bool:
    """Return whether the execution role may run the task and pass its roles.

    Source: user guide, "Setting up EventBridge Scheduler", execution role for ECS.
    """
    role = roles.named(kept.account, last_part(target["RoleArn"]))
    definition = ecs.definition(request["taskDefinition"])
    if definition is None:
        return False
    cluster = ecs.arn(f"cluster/{last_part(request['cluster'])}")
    needed = [Check("ecs:RunTask", definition.arn, {"ecs:cluster": (cluster,)})]
    if request.get("tags"):
        needed.append(Check("ecs:TagResource", ecs.arn(f"task/{last_part(request['cluster'])}/*"), {}))
    passing = {"iam:PassedToService": ("ecs-tasks.amazonaws.com",)}
    given = {**definition.shape, **request.get("overrides", {})}
    needed += [
        Check("iam:PassRole", given[name], passing) for name in ("executionRoleArn", "taskRoleArn") if given.get(name)
    ]
    return all(roles.allows(kept.account, role, check) for check in needed)
