"""Write IAM policies from permissions: few statements, in documents that IAM accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from provisioner.aws.permissions import Conditions, Permission

LARGEST = 6144
"""The most characters of a managed policy, without white space (IAM user guide, "IAM and AWS STS quotas")."""

Statement = dict[str, Any]
Document = dict[str, Any]


def documents(permissions: Iterable[Permission]) -> list[Document]:
    """Return policies that together allow just these permissions, none larger than IAM accepts.

    Permissions to read come first. A service's statements stay together if they fit, the largest services first.

    Raises:
        ValueError: one statement alone is too large.
    """
    several = list(permissions)
    rest = sorted((it for it in several if not it.reader), key=lambda it: it.service)
    services = [statements(group) for _, group in groupby(rest, lambda it: it.service)]
    found: list[list[Statement]] = []
    for part in [statements(it for it in several if it.reader), *sorted(services, key=_size, reverse=True)]:
        for some in [part] if _size(part) <= LARGEST else [[one] for one in part]:
            if _size(some) > LARGEST:
                raise ValueError(f"one statement has more than {LARGEST} characters")
            room = next((other for other in found if _size([*other, *some]) <= LARGEST), None)
            if room is None:
                found.append(room := [])
            room += some
    return [document(some) for some in found if some]


def _size(some: Sequence[Statement]) -> int:
    return size(document(some))


def statements(permissions: Iterable[Permission]) -> list[Statement]:
    """Return statements, one for all actions that share resources and conditions.

    A service's actions on the stack's own resources, by names or tags, share a statement too: an action has no effect
    on resources of a type that it does not support. Actions with different names for the same type of resource, such as
    some log groups, stay apart.
    """
    found: list[_Together] = []
    for it in permissions:
        one = next((other for other in found if other.takes(it)), None)
        if one is None:
            found.append(one := _Together(it))
        one.actions.add(it.name)
        one.resources.update(it.resources)
    same: dict[tuple[tuple[str, ...], Conditions], set[str]] = {}
    for one in found:
        same.setdefault((tuple(sorted(one.actions)), one.first.conditions), set()).update(one.resources)
    return [statement(names, sorted(resources), conditions) for (names, conditions), resources in same.items()]


@dataclass
class _Together:
    """Permissions that share one statement with the first of them."""

    first: Permission
    actions: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)

    def takes(self, it: Permission) -> bool:
        """Return whether a permission can share this statement."""
        if it.conditions != self.first.conditions:
            return False
        if it.resources == self.first.resources and self.resources == {*it.resources}:
            return True
        own = all(one.named or _by_tags(one.conditions) for one in (it, self.first))
        return own and it.service == self.first.service and _agree({*it.resources}, self.resources)


def _by_tags(conditions: Conditions) -> bool:
    """Return whether all conditions are on tags of existing resources."""
    return bool(conditions) and all(key.startswith("aws:ResourceTag/") for _, key, _ in conditions)


def _agree(some: set[str], others: set[str]) -> bool:
    """Return whether both sets have the same ARNs for each type of resource that both contain."""
    both = {*map(_sort, some)} & {*map(_sort, others)}
    return {arn for arn in some if _sort(arn) in both} == {arn for arn in others if _sort(arn) in both}


def _sort(arn: str) -> str:
    """Return the type of an ARN's resource: the part before the name; for S3, whether it is an object."""
    name = arn.split(":", 5)[-1]
    return str("/" in name) if ":s3:" in arn else re.split("[/:]", name)[0]


def statement(actions: Sequence[str], resources: Sequence[str], conditions: Conditions = ()) -> Statement:
    """Return an allowing statement in IAM's JSON."""
    found: Statement = {"Effect": "Allow", "Action": _short(actions), "Resource": _short(resources)}
    if conditions:
        found["Condition"] = _condition(conditions)
    return found


def document(statements: Iterable[Statement]) -> Document:
    """Return a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def size(policy: Mapping[str, Any]) -> int:
    """Return the number of a policy's characters that IAM counts."""
    return len(json.dumps(policy, separators=(",", ":")))


def _condition(conditions: Conditions) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for how, key, values in conditions:
        found.setdefault(how, {})[key] = _short(values)
    return found


def _short(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
