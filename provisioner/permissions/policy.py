"""IAM policies out of permissions: as few statements as can be, in documents that IAM takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from provisioner.aws.permissions import Conditions, Permission

LARGEST = 6144
"""Characters of a managed policy, white space not counted (IAM user guide, "IAM and AWS STS quotas")."""

Statement = dict[str, Any]
Document = dict[str, Any]


def documents(permissions: Iterable[Permission]) -> list[Document]:
    """Return policies that together allow just these, none larger than IAM takes.

    What only looks comes first; a service's statements stay together if they can, the largest services first.

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
    """Return one statement for all actions that have resources and conditions in common.

    What a service does to the stack's own resources, by their names or their tags, is one as well: of those of another
    sort an action is of no more. Where two know the same sort by other names, such as some log groups, they stay apart.
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
    """Permissions that are one statement, by the first of them."""

    first: Permission
    actions: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)

    def takes(self, it: Permission) -> bool:
        """Whether a permission can be part of it."""
        if it.conditions != self.first.conditions:
            return False
        if it.resources == self.first.resources and self.resources == {*it.resources}:
            return True
        own = all(one.named or _by_tags(one.conditions) for one in (it, self.first))
        return own and it.service == self.first.service and _agree({*it.resources}, self.resources)


def _by_tags(conditions: Conditions) -> bool:
    """Whether the tags of what is there are all that counts."""
    return bool(conditions) and all(key.startswith("aws:ResourceTag/") for _, key, _ in conditions)


def _agree(some: set[str], others: set[str]) -> bool:
    """Whether each sort that both name is named the same way."""
    both = {*map(_sort, some)} & {*map(_sort, others)}
    return {arn for arn in some if _sort(arn) in both} == {arn for arn in others if _sort(arn) in both}


def _sort(arn: str) -> str:
    """What an ARN is of: what comes before the name; of S3, which has buckets and objects, whether it goes on."""
    name = arn.split(":", 5)[-1]
    return str("/" in name) if ":s3:" in arn else re.split("[/:]", name)[0]


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
