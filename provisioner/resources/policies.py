"""Policy documents in IAM's form, which buckets and endpoints also have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Policy = Mapping[str, Any]
"""A policy document in IAM's form."""


def policy(*statements: Mapping[str, Any]) -> Policy:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def normal(document: Policy) -> dict[str, Any]:
    """Return a policy in a normal form: `Statement` a list, other lists sorted, and a list of one item as the item.

    IAM accepts both spellings, and returns a document edited by hand as it was written.
    """
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, Mapping) else statements
    return {**document, "Statement": [_normal(statement) for statement in statements]}


def _normal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return _normal(value[0]) if len(value) == 1 else sorted(value)
    return value
