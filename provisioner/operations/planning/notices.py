"""Notices about a declared stack, which `plan` and `up` show before they read single resources from AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.operations.planning import (
    entrance_notices,
    outage_notices,
    policy_notices,
    privilege_notices,
    production_notices,
    scaling_notices,
)
from provisioner.operations.prerequisites import database_entry

if TYPE_CHECKING:
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack


def find_notices(stack: Stack, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield a sentence for each setting of the stack that may surprise its user."""
    yield from stack.facts.vpc.notices if stack.facts.vpc else ()
    yield from stack.facts.listener.notices if stack.facts.listener else ()
    yield from stack.facts.database.notices if stack.facts.database else ()
    yield from database_entry.missing(stack.config, stack.facts.database, stack.facts.vpc, records)
    yield from production_notices.notices(stack, records)
    yield from outage_notices.notices(stack, records)
    yield from scaling_notices.notices(stack, records)
    yield from policy_notices.notices(stack)
    yield from entrance_notices.notices(stack, records)
    yield from privilege_notices.notices(stack, records)
