"""What counts as a resource wherever a number of them is told: `plan`, `up`, `list`, `status` and `down` agree."""

from __future__ import annotations

from collections.abc import Iterable

BOOKKEEPING = frozenset(
    {
        *("container_insights", "container_instances", "guard_duty_endpoints", "guard_duty_groups", "instances"),
        *("deployed_image", "expiring_stack", "paused_workload", "scaled_service", "sleeping_part", "sleeping_stack"),
        *("delegation", "running_tasks", "wanted_image"),
    }
)
"""The types, by name, that a state has and nobody counts: what AWS creates by itself and `down` looks for, notes that
only the state knows of, and the delegation of a zone, which belongs to the owner of its parent zone and is only read.

It does not stand with the types: `list` and `status` count without loading them, which takes longer than all else that
they do.
"""


def is_counted(address: str) -> bool:
    """Say whether what has an address is a resource that counts."""
    return address.partition("/")[0] not in BOOKKEEPING


def counted(addresses: Iterable[str]) -> int:
    """Return how many of the addresses are of resources that count."""
    return sum(map(is_counted, addresses))
