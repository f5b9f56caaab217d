"""Differences between two values, leaf by leaf: members of lists are matched by name, not by position."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.config.secrets import VERSION_LABEL
from provisioner.engine.planning.actions import HIDDEN_CHANGE, parsed
from provisioner.render.text import visible

ABSENT = object()
"""Stands for a value that is missing on one side."""
WIDTH = 160
"""Longer values are shortened."""
PEERS = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")
"""The members of a security group's rule that name the other end."""
KEYS: tuple[tuple[str, ...], ...] = (
    ("name",),  # containers, variables, secrets, volumes, settings of a cluster
    ("Name",),
    ("Key",),
    ("Sid",),
    ("namespace",),  # systemControls
    ("targetGroupArn",),  # load balancers of a service
    ("containerPort",),  # portMappings
    ("containerPath",),  # mountPoints, tmpfs
    ("capacityProvider",),
    ("rulePriority",),  # of a repository's lifecycle policy
    ("DeviceName",),
)
"""The AWS members that name a table in a list: the first one counts that all tables have, with no value twice."""
NAMED = (frozenset({"name", "value"}), frozenset({"name", "valueFrom"}))
"""The members of a variable and of a secret, which are a name and one value."""


@dataclass(frozen=True)
class Leaf:
    """One value that differs.

    Attributes:
        path: the members on the way to it; members of lists are in brackets.
        old, new: its values; `ABSENT` on a side without it.
        moved: a list has the same members in another order.
    """

    path: tuple[str, ...]
    old: Any
    new: Any
    moved: bool = False

    @property
    def name(self) -> str:
        """The path as it is written: `rules[80].protocol`."""
        return "".join(part if part.startswith("[") else f".{part}" for part in self.path).removeprefix(".")


def leaves(name: str, old: Any, new: Any) -> Iterator[Leaf]:
    """Yield the differences between two values of a setting; JSON texts are compared by their parsed content."""
    return _differing((name,), parsed(old), parsed(new))


def flat(name: str, value: Any) -> Iterator[str]:
    """Yield a setting as lines, one for each value in it."""
    value = parsed(value)
    tables = _by_name([], _members(value))
    if tables and tables[1]:
        yield from (line for key, item in tables[1].items() for line in flat(Leaf((name, key), None, None).name, item))
    elif isinstance(value, Mapping) and value and "IpProtocol" not in value:
        yield from (line for key, item in value.items() for line in flat(f"{name}.{key}", item))
    elif isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        yield from (line for number, item in enumerate(value) for line in flat(f"{name}[{number}]", item))
    else:
        yield f"{name}: {shown(value)}"


def line(leaf: Leaf) -> str:
    """Return a difference as a line."""
    path, old, new = leaf.name, leaf.old, leaf.new
    if leaf.moved:
        return f"{path}: in another order: {shown(old)} -> {shown(new)}"
    if new == HIDDEN_CHANGE:
        return f"{path}: {new}"
    if old is ABSENT:
        return f"+ {path}: {shown(new)}"
    if new is ABSENT:
        return f"- {path}: {shown(old)}"
    if VERSION_LABEL in path:
        return f"secret {path.partition(VERSION_LABEL)[2]} changed: {shown(old)} -> {shown(new)}"
    return f"{path}: {shown(old)} -> {shown(new)}"


def shown(value: Any) -> str:
    """Return a value as it is written in a plan, in one line."""
    if isinstance(value, Mapping) and "IpProtocol" in value:
        return visible(_rule(value))
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    text = visible(text)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _rule(rule: Mapping[str, Any]) -> str:
    """Return a security group's rule in words: `tcp 8080, sg-1 (service web)`."""
    first, last = rule.get("FromPort"), rule.get("ToPort")
    ports = "" if first in (None, -1) else f" {first}" if first == last else f" {first}-{last}"
    protocol = "all traffic" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    peer = next((str(rule[name]) for name in PEERS if name in rule), "nobody")
    why = f" ({rule['Description']})" if rule.get("Description") else ""
    return f"{protocol}{ports}, {peer}{why}"


def _differing(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Leaf]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            if old.get(key, ABSENT) != new.get(key, ABSENT):
                yield from _differing((*path, str(key)), old.get(key, ABSENT), new.get(key, ABSENT))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        yield from _lists(path, list(old), list(new))
    elif {id(old), id(new)} & {id(ABSENT), id(None)} and (both := _by_name(_members(old), _members(new))):
        yield from _differing(path, *both)
    else:
        yield Leaf(path, old, new)


def _members(value: Any) -> list[Any]:
    """Return the members of a list; none if the value is no list."""
    return list(value) if isinstance(value, list | tuple) else []


def _lists(path: tuple[str, ...], old: list[Any], new: list[Any]) -> Iterator[Leaf]:
    """Yield the members that only one list has; tables of the same name are compared key by key."""
    both = _by_name(old, new)
    if both is not None and both[0] != both[1]:
        yield from _differing(path, *both)
        return
    gone, come = _without(old, new), _without(new, old)
    if not gone and not come:
        yield Leaf(path, old, new, moved=True)
    elif len(gone) == len(come) == 1 and all(isinstance(value, Mapping) for value in gone + come) and both is None:
        where = f"[{old.index(gone[0])}]" if len(old) > 1 or len(new) > 1 else ""
        yield from _differing((*path, where) if where else path, gone[0], come[0])
    else:
        yield from (Leaf(path, value, ABSENT) for value in gone)
        yield from (Leaf(path, ABSENT, value) for value in come)


def _by_name(old: list[Any], new: list[Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return two lists of tables by the tables' names; None if they have no names, or one name twice."""
    tables = [*old, *new]
    if not tables or not all(isinstance(one, Mapping) for one in tables):
        return None
    for members in NAMED:
        if all(one.keys() == members for one in tables):
            [value] = members - {"name"}
            before, after = ({str(one["name"]): one[value] for one in side} for side in (old, new))
            return (before, after) if (len(before), len(after)) == (len(old), len(new)) else None
    for key in KEYS:
        if all(member in one for one in tables for member in key):
            before, after = ({f"[{_label(one, key)}]": one for one in side} for side in (old, new))
            if (len(before), len(after)) == (len(old), len(new)):
                return before, after
    return None


def _label(table: Mapping[str, Any], key: tuple[str, ...]) -> str:
    """Return the name of a table; for an ARN only the part after the account."""
    return ", ".join(re.sub(r"^arn:([^:]*:){4}", "", str(table[member])) for member in key)


def _without(values: list[Any], others: list[Any]) -> list[Any]:
    """Return the values, each removed once for each equal value among the others."""
    left = list(others)
    kept = []
    for value in values:
        if value in left:
            left.remove(value)
        else:
            kept.append(value)
    return kept
