"""Policy documents as IAM spells them, which buckets and endpoints have as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Policy = Mapping[str, Any]
"""A policy document as IAM spells it."""


def policy(*statements: Mapping[str, Any]) -> Policy:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def normal(document: Policy) -> dict[str, Any]:
    """Return a policy in one form: `Statement` a list, any other list sorted, and a list of one the value itself.

    IAM takes both spellings, and a document that was edited by hand comes back as it was written.
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
