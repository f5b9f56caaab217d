"""Which containers of a task wait for which others (ECS API reference, ContainerDependency)."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from ecs_emulator.ecs.records import Shape

NEVER_STARTED = 143
"""The exit code of a container that was never started, since what it waits for can never be (amazon-ecs-agent,
agent/engine/task_manager.go, handleTerminalDependencyError)."""


def in_order(containers: Sequence[Shape]) -> list[Shape]:
    """Return containers so that each comes after those that it waits for."""
    known = {one["name"]: one for one in containers}
    waits = {name: [on["containerName"] for on in one.get("dependsOn", ())] for name, one in known.items()}
    return [known[name] for name in TopologicalSorter(waits).static_order()]
