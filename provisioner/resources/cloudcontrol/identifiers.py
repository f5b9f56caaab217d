"""Cloud Control's identifiers of resources: guess them from ARNs, and compare them with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def guesses(arn: str) -> Sequence[str]:
    """Return possible identifiers of the resource that has an ARN."""
    resource = arn.split(":", 5)[-1] if arn.startswith("arn:") else arn
    after = [resource.partition(sign)[2] for sign in ":/" if sign in resource]
    rooted = [f"/{one}" for one in after if one]
    return list(dict.fromkeys([resource, *after, *rooted, last_part(arn), arn]))


def ends(identifier: str, name: str) -> bool:
    """Return whether an identifier ends with a name; a secret's identifier has six more characters behind its name."""
    return f"/{identifier}".replace(":", "/").endswith((f"/{name}", f"/{name}{identifier[-7:]}"))


def last_part(identifier: str) -> str:
    """Return the last part of an ARN, a URL or a path."""
    return identifier.replace(":", "/").rpartition("/")[2]


def named_alike(names: Sequence[str], some: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Say whether two resources have the same values under these names."""
    return all(some.get(name) == others.get(name) for name in names)


def is_about(record: Any, identifier: str, address: str | None) -> bool:
    """Say whether a record is about this resource; a record without an id is matched by the address in the tags."""
    return bool(record.id == identifier if record.id else record.address == address)
