"""Dependencies between the containers of a task (ECS API reference, ContainerDependency)."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from ecs_emulator.ecs.records import Shape

NEVER_STARTED = 143
"""The exit code of a container that never started, because its dependency can never be met (amazon-ecs-agent,
agent/engine/task_manager.go, handleTerminalDependencyError)."""


def in_order(containers: Sequence[Shape]) -> list[Shape]:
    """Return the containers in an order in which each comes after its dependencies."""
    known = {one["name"]: one for one in containers}
    waits = {name: [on["containerName"] for on in one.get("dependsOn", ())] for name, one in known.items()}
    return [known[name] for name in TopologicalSorter(waits).static_order()]
