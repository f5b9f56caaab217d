"""Translate the rules and schedules that start tasks of the cluster into `[jobs.NAME]`."""

from __future__ import annotations

import json
from typing import Any

from provisioner.config import schedules
from provisioner.migration import names
from provisioner.migration.ecs import container, task
from provisioner.migration.ecs.answers import Answer, Run
from provisioner.migration.ecs.findings import UNKNOWN, Gathered, Workload

KINDS = {"rule": "rule of EventBridge", "schedule": "schedule"}


def add(gathered: Gathered, run: Run) -> None:
    """Add a job, or note why it is left out."""
    called = str(run.says.get("Name", ""))
    name = names.workload(called)
    if name in gathered.services or name in gathered.jobs:
        name = f"{name}-job"
    workload = Workload(name, f"{KINDS[run.kind]} {called}", run.parameters, gathered, job=True)
    definition = workload.answers.definitions.get(str(run.parameters.get("TaskDefinitionArn")))
    if definition is None or name in gathered.jobs:
        why = "has a task definition that could not be read" if definition is None else "has the name of another job"
        workload.leave("", f"{why}: {name} is left out", "all")
        return
    if name != called:
        workload.tell("Name", f"is called {name} here")
    overrides = _overrides(workload, run.target)
    main = task.fill(workload, definition, [str(overrides["name"])] if overrides.get("name") else [])
    if main is None:
        return
    container.fill(workload, main)
    _override(workload, overrides)
    _when(workload, run.says)
    _rest(workload, run)
    gathered.jobs[name] = workload


def _when(workload: Workload, says: Answer) -> None:
    """Write schedule and time zone into the table."""
    if says.get("EventPattern"):
        why = "nothing but the clock starts a job here: `provision run` does"
        workload.leave("EventPattern", why)
    expression = says.get("ScheduleExpression")
    if not expression:
        return
    try:
        wanted = schedules.expression(str(expression))
        zone = schedules.zone(str(says.get("ScheduleExpressionTimezone") or "UTC"))
    except ValueError as error:
        workload.leave("ScheduleExpression", str(error))
        return
    if str(says.get("State", "ENABLED")).startswith("DISABLED"):
        workload.leave("State", f'is off, so that schedule = "{wanted}" is not written')
        return
    workload.table["schedule"] = wanted
    if zone != "UTC" and not wanted.startswith("rate("):
        workload.table["timezone"] = zone


def _rest(workload: Workload, run: Run) -> None:
    """Note settings of a rule or schedule without a counterpart."""
    parameters, says = run.parameters, run.says
    if (number := parameters.get("TaskCount") or 1) > 1:
        workload.leave("TaskCount", f"{number}: a job is one task here")
    strategy = [str(one.get("capacityProvider")) for one in parameters.get("CapacityProviderStrategy") or ()]
    on = strategy or [str(parameters.get("LaunchType") or "EC2")]
    if on != ["FARGATE"]:
        workload.leave("LaunchType", f"{', '.join(on)}: a job runs on Fargate here, and not on Spot")
    if (says.get("FlexibleTimeWindow") or {}).get("Mode", "OFF") != "OFF":
        workload.leave("FlexibleTimeWindow", "a job begins when its schedule says")
    for key in ("StartDate", "EndDate"):
        if says.get(key):
            workload.leave(key, f"{says[key]}: a schedule holds always here")
    if says.get("ActionAfterCompletion", "NONE") != "NONE":
        workload.leave("ActionAfterCompletion", "a schedule stays until it is taken out of the file")
    for key in ("InputPath", "InputTransformer", "DeadLetterConfig"):
        if run.target.get(key):
            workload.leave(key, UNKNOWN)


def _overrides(workload: Workload, target: Answer) -> dict[str, Any]:
    """Return the overrides of one container against its task definition."""
    try:
        given = json.loads(target.get("Input") or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        workload.leave("Input", "is no input that ECS takes: write command and environment")
        return {}
    for key in given.keys() - {"containerOverrides"}:
        workload.leave(f"Input.{key}", "tasks of a job are as their definition says")
    found = [one for one in given.get("containerOverrides") or () if isinstance(one, dict)]
    for one in found[1:]:
        workload.leave(f"Input.{one.get('name')}", "a schedule tells its sidecars nothing of its own here")
    return found[0] if found else {}


def _override(workload: Workload, overrides: Answer) -> None:
    for key, value in overrides.items():
        if key == "command":
            workload.table.pop("command", None)
            container.words(workload, "command", value or ())
        elif key == "environment":
            container.variables(workload, [one for one in value or () if isinstance(one, dict)])
        elif key != "name":
            workload.leave(f"Input.{key}", "tasks of a job are as their definition says")
