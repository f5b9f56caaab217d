"""State documents of an earlier version, with schema 1."""

from __future__ import annotations

from typing import Any

from provisioner.state.model import Record, State


def as_schema_1(one: Record) -> dict[str, Any]:
    """Return the document with one record."""
    row = named_as_in_schema_1(one.row())
    more = {"schema": 1, "lineage": "line", "serial": 7, "records": {one.address: row}}
    return State("shop-dev").to_dict() | more


def named_as_in_schema_1(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a record under their former names."""
    former = {"type": "kind", "arguments": "asked", "dependencies": "needs"}
    return {former.get(name, name): value for name, value in parts.items()}
