"""Read the places of the stack's listener rules from the state, so that no rule is renumbered by another path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioner.config.together import service_of
from provisioner.resources.elbv2.listeners import ListenerRule

if TYPE_CHECKING:
    from provisioner.state.model import Record


def recorded_priorities(records: Iterable[Record]) -> dict[str, int]:
    """Return the priority of each service's recorded rules, of which all have the same."""
    return {
        service_of(record.address.partition("/")[2]): int(record.arguments["priority"])
        for record in records
        if record.type == ListenerRule.type_name and "priority" in record.arguments
    }
