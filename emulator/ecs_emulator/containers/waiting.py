"""Delay the start of a container until the containers that it depends on have reached their conditions."""

from __future__ import annotations

import time
from typing import Any

from ecs_emulator.clock import wake
from ecs_emulator.containers.definitions import ContainerSpec
from ecs_emulator.containers.engine import Engine
from ecs_emulator.containers.task_containers import TaskContainers
from ecs_emulator.ecs.dependencies import NEVER_STARTED
from ecs_emulator.ecs.records import is_essential

LOOK_SECONDS = 0.2


def may_start(host: Engine, run: TaskContainers, spec: ContainerSpec) -> bool:
    """Wait for all dependencies of a container; return whether to start it then.

    If not, the task is being stopped, or the container is given up; an essential container then ends its task.
    """
    return run.is_starting() and all(_comes(host, run, spec, on) for on in spec.definition.get("dependsOn", ()))


def _comes(host: Engine, run: TaskContainers, spec: ContainerSpec, on: dict[str, str]) -> bool:
    """Wait until a container reaches the condition of a dependency; return whether it does."""
    awaited = next(one for one in run.specs if one.definition["name"] == on["containerName"])
    condition, began = on.get("condition", "START"), time.monotonic()
    limit = float(awaited.definition.get("startTimeout") or 0.0)
    while run.is_starting():
        if _ended(host, run):
            run.exit_codes.setdefault(spec.name, NEVER_STARTED)
            _end(run)
            return False
        met = None if run.exit_codes.get(awaited.name) == NEVER_STARTED else _met(host, awaited, condition)
        if met:
            return True
        if met is None or (limit and time.monotonic() - began > limit):
            run.exit_codes[spec.name] = NEVER_STARTED
            if is_essential(spec.definition):
                _end(run)
            return False
        time.sleep(LOOK_SECONDS)
    return False


def _met(host: Engine, awaited: ContainerSpec, condition: str) -> bool | None:
    """Return whether a condition is met now; None if it never can be (amazon-ecs-agent, dependencygraph/graph.go)."""
    state: dict[str, Any] = host.client.api.inspect_container(awaited.name)["State"]
    if condition == "HEALTHY":
        return bool((state.get("Health") or {}).get("Status") == "healthy")
    if condition not in ("COMPLETE", "SUCCESS"):
        return True
    if state["Status"] not in ("exited", "dead"):
        return False
    return True if condition == "COMPLETE" or state["ExitCode"] == 0 else None


def _ended(host: Engine, run: TaskContainers) -> bool:
    """Record the exit codes of containers that have ended; return whether one of them is essential."""
    for spec in run.specs:
        seen = host.containers.get(spec.name)
        if seen and seen.state in ("exited", "dead") and spec.name not in run.exit_codes:
            run.exit_codes[spec.name] = int(host.client.api.inspect_container(spec.name)["State"]["ExitCode"])
    return any(is_essential(spec.definition) and spec.name in run.exit_codes for spec in run.specs)


def _end(run: TaskContainers) -> None:
    run.ended = True
    wake()
