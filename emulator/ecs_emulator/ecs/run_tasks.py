"""RunTask: start up to ten tasks without a service; repeat the answer for a token that is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ecs_emulator.clock import CLOCK
from ecs_emulator.ecs import checks, overrides, placement, tasks
from ecs_emulator.ecs.dispatch import operation, required
from ecs_emulator.ecs.records import Cluster, Shape, TaskDefinition, on_fargate, tag_map
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import on_reset, refuse

_TOKEN_SECONDS = 86400.0


@dataclass(frozen=True)
class Remembered:
    """A request with a token, its answer and its time."""

    request: Shape
    answer: Shape
    at: float


_remembered: dict[tuple[str, str], Remembered] = {}
"""By the ARN of the cluster and the token."""


@on_reset
def forget() -> None:
    """Forget all tokens."""
    _remembered.clear()


@operation
def run_task(store: Store, request: Shape) -> Shape:
    """Answer RunTask; for a token that is known in the cluster, repeat the earlier answer.

    Source: API reference, "Ensuring idempotency": within 24 hours, and up to an hour after the tasks have ended, a
    retry with the same parameters gets the same answer, and one with different parameters is refused.
    """
    started_by = request.get("startedBy", "")
    if not re.fullmatch(r"[A-Za-z0-9_/-]{0,128}", started_by):
        refuse("InvalidParameterException", "startedBy can have up to 128 letters, digits, and the characters - / _.")
    if request.get("group", "").startswith("service:"):
        refuse("InvalidParameterException", "Invalid namespace for group.")
    token = request.get("clientToken") or ""
    if not re.fullmatch(r"[\x21-\x7e]{0,64}", token):
        refuse("InvalidParameterException", "clientToken can have up to 64 characters in the range of 33 to 126.")
    key = (store.cluster(request.get("cluster")).arn, token)
    plain = {name: value for name, value in request.items() if name != "clientToken"}
    if token and (known := _known(store, key)):
        if known.request != plain:
            refuse(
                "ConflictException",
                "The provided clientToken is already in use with a different RunTask request.",
                resourceIds=[one["taskArn"] for one in known.answer["tasks"]],
            )
        return known.answer
    answer = run(store, plain)
    if token and answer["tasks"]:
        _remembered[key] = Remembered(plain, answer, CLOCK.now())
    return answer


def _known(store: Store, key: tuple[str, str]) -> Remembered | None:
    """Return a token's request while it counts: until its tasks are forgotten, and a day at the longest."""
    known = _remembered.get(key)
    if known is None or CLOCK.now() >= known.at + _TOKEN_SECONDS:
        return None
    there = {task.arn for task in store.tasks.values()}
    return known if any(one["taskArn"] in there for one in known.answer["tasks"]) else None


def run(store: Store, request: Shape) -> Shape:
    """Start the tasks of a request; without room on instances return a failure for each with its shortage."""
    cluster = store.cluster(request.get("cluster"))
    definition = checks.checked_definition(store, required(request, "taskDefinition"))
    count = int(request.get("count", 1))
    if not 1 <= count <= 10:
        refuse("InvalidParameterException", "count must be between 1 and 10.")
    given = request.get("overrides") or {}
    overrides.check(definition, given)
    spec = _spec(store, cluster, request, definition, given)
    if spec.get("launchType") == "EC2" and not any(store.instances_of(cluster.name)):
        refuse("InvalidParameterException", "No Container Instances were found in your cluster.")
    tags, group = _tags(request, cluster, definition), request.get("group") or f"family:{definition.family}"
    started: list[Shape] = []
    failures: list[Shape] = []
    for _ in range(count):
        task = tasks.new(store, cluster, definition, spec, group, tags)
        task.started_by, task.overrides = request.get("startedBy", ""), given
        if placement.place(store, task):
            store.tasks[task.id] = task
            started.append(tasks.describe(store, task, tags=True))
        else:
            failures += placement.failures(store, task)
    return {"tasks": started, "failures": failures}


def _spec(store: Store, cluster: Cluster, request: Shape, definition: TaskDefinition, given: Shape) -> dict[str, Any]:
    spec = checks.launch_settings(store, cluster, request, definition)
    checks.check_placement(request, on_fargate(spec))
    if request.get("enableExecuteCommand") and not (given.get("taskRoleArn") or definition.shape.get("taskRoleArn")):
        # API reference, RunTask, enableExecuteCommand; the message of AWS is not known
        refuse("InvalidParameterException", "With enableExecuteCommand a task needs a taskRoleArn.")
    return {
        **spec,
        "networkConfiguration": checks.network(store, request, definition, on_fargate(spec)),
        "loadBalancers": [],
        "serviceRegistries": [],
        "enableExecuteCommand": request.get("enableExecuteCommand", False),
    }


def _tags(request: Shape, cluster: Cluster, definition: TaskDefinition) -> dict[str, str]:
    """Return the request's tags, with the definition's and ECS's own if the request asks for them.

    Developer guide, "Tagging Amazon ECS resources"; API reference, RunTask, propagateTags, for the refusal.
    """
    propagated = request.get("propagateTags")
    if propagated == "SERVICE":
        refuse("InvalidParameterException", "propagateTags cannot be SERVICE for a task that has no service.")
    tags = {**(definition.tags if propagated == "TASK_DEFINITION" else {}), **tag_map(request.get("tags"))}
    return {**tags, "aws:ecs:clusterName": cluster.name} if request.get("enableECSManagedTags") else tags
