"""Overrides of RunTask: for the containers of a task definition, and for the task's size and roles."""

from __future__ import annotations

import json

from ecs_emulator.ecs.records import Shape, Task, TaskDefinition
from ecs_emulator.patch import refuse

_MOST_CHARACTERS = 8192


def check(definition: TaskDefinition, overrides: Shape) -> None:
    """Refuse overrides that name no container of the definition, or are too long (API reference, RunTask, overrides).

    AWS's message for an unknown container is recorded (azavea/django-ecsmanage#21); the other messages are not known.
    """
    if len(json.dumps(overrides)) > _MOST_CHARACTERS:
        refuse("InvalidParameterException", f"Overrides can have at most {_MOST_CHARACTERS} characters.")
    names = {container["name"] for container in definition.shape["containerDefinitions"]}
    for override in overrides.get("containerOverrides", ()):
        name = override.get("name")
        if override and not name:
            refuse("InvalidParameterException", "Container override must have a name.")
        if override and name not in names:
            refuse(
                "InvalidParameterException",
                f"Override for container named {name} is not a container in the TaskDefinition.",
            )


def shown(task: Task) -> Shape:
    """Return the overrides as DescribeTasks has them: an entry for each container, even without any (recorded)."""
    containers = task.definition.shape["containerDefinitions"]
    entries = [{"name": container["name"]} | _of(task, container) for container in containers]
    return {"inferenceAcceleratorOverrides": [], **task.overrides, "containerOverrides": entries}


def whole(task: Task) -> Shape:
    """Return the task definition with the task's overrides of sizes and roles, but not of its containers."""
    own = {name: value for name, value in task.overrides.items() if value and name != "containerOverrides"}
    return {**task.definition.shape, **own}


def role(task: Task) -> str:
    """Return the ARN or the name of the role of a task's program; empty if it has none."""
    return str(whole(task).get("taskRoleArn") or "")


def container(task: Task, definition: Shape) -> Shape:
    """Return the definition of a container with the task's overrides.

    Variables are added to those of the definition, or replace them; any other override replaces the definition's value
    (API reference, ContainerOverride).
    """
    own = _of(task, definition)
    variables = {one["name"]: one for one in [*definition.get("environment", ()), *own.get("environment", ())]}
    return {**definition, **own, "environment": list(variables.values())}


def _of(task: Task, definition: Shape) -> Shape:
    found = (one for one in task.overrides.get("containerOverrides", ()) if one.get("name") == definition["name"])
    return {name: value for name, value in next(found, {}).items() if value not in (None, [])}
