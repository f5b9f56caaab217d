"""The resources that count: `plan`, `up`, `list`, `status` and `down` all count the same ones."""

from __future__ import annotations

from collections.abc import Iterable

BOOKKEEPING = frozenset(
    {
        *("container_insights", "container_instances", "guard_duty_endpoints", "guard_duty_groups", "instances"),
        *("deployed_image", "expiring_stack", "paused_workload", "scaled_service", "sleeping_part", "sleeping_stack"),
        *("delegation", "protected_stack", "running_executions", "running_tasks", "wanted_image"),
    }
)
"""The types, by name, that a state records but that no count includes.

They are resources that AWS creates by itself and `down` looks for, notes that only the state holds, and the delegation
of a zone, which belongs to the owner of its parent zone and is only read. The set is not defined with the types,
because `list` and `status` count without loading them, which would take longer than all the rest of their work.
"""


def is_counted(address: str) -> bool:
    """Say whether the resource at an address counts."""
    return address.partition("/")[0] not in BOOKKEEPING


def counted(addresses: Iterable[str]) -> int:
    """Return how many of the addresses belong to resources that count."""
    return sum(map(is_counted, addresses))
