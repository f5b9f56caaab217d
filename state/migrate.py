"""Bring a state document of any age to the current schema, or refuse a newer one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.state.model import FORMER_PARTS, RESTORE, SCHEMA, StateError, StateTooNew
from provisioner.state.variables import as_held

MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    # schema 2 renamed the parts of records; `Record` translates them in the journal as well
    1: lambda document: document | {"schema": 2},
    # schema 3 dropped the values of variables; `Record` drops them in the journal as well
    2: lambda document: document | {"schema": 3},
}
"""The function that turns a document of a schema's number into one of the next number."""


def migrate(document: Any) -> tuple[dict[str, Any], bool]:
    """Return the document in the current schema, and whether it had to be changed.

    Raises:
        StateTooNew: its schema is newer than this tool knows.
        StateError: it is not a state document.
    """
    if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
        raise StateError(f"it is not a state document: it has no schema number. {RESTORE}")
    schema = document["schema"]
    if schema > SCHEMA:
        writer = str(document.get("writer") or "a newer version")[:80]
        raise StateTooNew(
            f"it was written by {writer} (schema {schema}, this version supports up to {SCHEMA}): upgrade"
        )
    for number in range(schema, SCHEMA):
        if number not in MIGRATIONS:
            raise StateError(f"its schema {number} is not supported by this version. {RESTORE}")
        document = MIGRATIONS[number](document)
    return document, schema != SCHEMA


def kept(document: Mapping[str, Any]) -> bytes:
    """Return an older document for keeping beside the new one: unchanged except that variables lose their values."""
    records = {address: _without_values(row) for address, row in document["records"].items()}
    return json.dumps({**document, "records": records}, indent=2).encode()


def _without_values(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    names = {new: old if old in row else new for old, new in FORMER_PARTS.items()}
    held = as_held(row.get(names["type"]), row.get(names["arguments"]))
    return {**row, names["arguments"]: held} if names["arguments"] in row else row
