"""Identifiers of resources by Cloud Control, and what of them an ARN or a name tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def guesses(arn: str) -> Sequence[str]:
    """Return what may be the identifier of what has an ARN."""
    resource = arn.split(":", 5)[-1] if arn.startswith("arn:") else arn
    after = [resource.partition(sign)[2] for sign in ":/" if sign in resource]
    rooted = [f"/{one}" for one in after if one]
    return list(dict.fromkeys([resource, *after, *rooted, last_part(arn), arn]))


def ends(identifier: str, name: str) -> bool:
    """Whether an identifier ends with a name; behind that of a secret AWS puts six characters."""
    return f"/{identifier}".replace(":", "/").endswith((f"/{name}", f"/{name}{identifier[-7:]}"))


def last_part(identifier: str) -> str:
    """Return the last part of an ARN, a URL or a path."""
    return identifier.replace(":", "/").rpartition("/")[2]


def named_alike(names: Sequence[str], some: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Say whether two resources have the same values under these names."""
    return all(some.get(name) == others.get(name) for name in names)


def is_about(record: Any, identifier: str, address: str | None) -> bool:
    """Say whether a record is about this resource; that of one whose answer was lost, by the address in its tag."""
    return bool(record.id == identifier if record.id else record.address == address)
