"""IAM policies out of permissions: as few statements as can be, in documents that IAM takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from provisioner.permissions.model import Conditions, Permission

LARGEST = 6144
"""Characters of a managed policy, white space not counted (IAM user guide, "IAM and AWS STS quotas")."""

Statement = dict[str, Any]
Document = dict[str, Any]


def documents(permissions: Iterable[Permission]) -> list[Document]:
    """Return policies that together allow just these, none larger than IAM takes.

    What only looks comes first, then service by service; a service's statements stay together if they can.

    Raises:
        ValueError: one statement alone is too large.
    """
    several = list(permissions)
    rest = (it for it in several if not it.reader)
    parts = [statements(it for it in several if it.reader)]
    parts += [statements(group) for _, group in groupby(rest, lambda it: it.service)]
    found: list[list[Statement]] = [[]]
    for part in parts:
        for some in [part] if size(document(part)) <= LARGEST else [[one] for one in part]:
            if size(document(some)) > LARGEST:
                raise ValueError(f"one statement has more than {LARGEST} characters")
            if size(document([*found[-1], *some])) > LARGEST:
                found.append([])
            found[-1] += some
    return [document(some) for some in found if some]


def statements(permissions: Iterable[Permission]) -> list[Statement]:
    """Return one statement for all actions that have resources and conditions in common."""
    actions: dict[tuple[tuple[str, ...], Conditions], set[str]] = {}
    for it in permissions:
        actions.setdefault((it.resources, it.conditions), set()).add(it.name)
    return [statement(sorted(names), *where) for where, names in actions.items()]


def statement(actions: Sequence[str], resources: Sequence[str], conditions: Conditions = ()) -> Statement:
    """Return one statement that allows, in IAM's JSON."""
    found: Statement = {"Effect": "Allow", "Action": _short(actions), "Resource": _short(resources)}
    if conditions:
        found["Condition"] = _condition(conditions)
    return found


def document(statements: Iterable[Statement]) -> Document:
    """Return a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def size(policy: Mapping[str, Any]) -> int:
    """Return how many characters of a policy IAM counts."""
    return len(json.dumps(policy, separators=(",", ":")))


def _condition(conditions: Conditions) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for how, key, values in conditions:
        found.setdefault(how, {})[key] = _short(values)
    return found


def _short(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
