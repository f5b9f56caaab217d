"""What an earlier version wrote, whose state document had schema 1."""

from __future__ import annotations

from typing import Any

from provisioner.state.model import Record, State


def as_schema_1(one: Record) -> dict[str, Any]:
    """The document with one record."""
    row = named_as_in_schema_1(one.row())
    more = {"schema": 1, "lineage": "line", "serial": 7, "records": {one.address: row}}
    return State("shop-dev").to_dict() | more


def named_as_in_schema_1(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of a record by the names that they had."""
    former = {"type": "kind", "arguments": "asked", "dependencies": "needs"}
    return {former.get(name, name): value for name, value in parts.items()}
