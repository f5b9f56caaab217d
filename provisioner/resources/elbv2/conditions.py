"""The conditions of listener rules: hosts and paths, and their wider form while a change is under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.engine.resource import kept

Condition = Mapping[str, Any]
Conditions = Sequence[Condition]
HOST, PATH = "host-header", "path-pattern"
CONFIGS = {HOST: "HostHeaderConfig", PATH: "PathPatternConfig"}
MAX_VALUES = 5
"""The most values in a rule's conditions (quotas of Application Load Balancers)."""


def path(*patterns: str) -> Condition:
    """Return the condition that a request's path matches one of these patterns."""
    return {"Field": PATH, "Values": list(patterns)}


def host(*names: str) -> Condition:
    """Return the condition that a request is for one of these hosts; their order means nothing."""
    return {"Field": HOST, "Values": sorted(names)}


def asked(condition: Condition) -> dict[str, Any]:
    """Return a condition in the form of the calls: the short form takes one value only (ELBv2 API, RuleCondition)."""
    field = condition.get("Field", "")
    if field in CONFIGS and "Values" in condition:
        return {"Field": field, CONFIGS[field]: {"Values": list(condition["Values"])}}
    return dict(condition)


def normal(condition: Condition) -> dict[str, Any]:
    """Return a condition in its short form, since AWS shows two; one with regular expressions has only one."""
    field = condition.get("Field", "")
    values = condition.get("Values") or condition.get(CONFIGS.get(field, ""), {}).get("Values")
    if field not in CONFIGS or not values:
        return dict(condition)
    return dict(host(*values) if field == HOST else path(*values))


def wider(wanted: Conditions, before: Conditions | None, live: Conditions) -> Conditions | None:
    """Return conditions that take the wanted requests and the former ones, and no others.

    Former conditions are those that were asked for and that AWS still has.

    Returns:
        None if no conditions of one rule can say that: then the former ones have to stay until traffic moves.
    """
    new, asked_for, there = _values(wanted), _values(before or ()), _values(live)
    if new is None or not asked_for or not there or asked_for.keys() != there.keys():
        return wanted
    former = {field: [one for one in there[field] if one in asked_for[field]] for field in there}
    if not all(former.values()):
        return wanted
    if new.keys() != former.keys():
        common = new.keys() & former.keys()
        if any({*new[field]} != {*former[field]} for field in common):
            return None
        # a condition less takes more requests
        return live if former.keys() < new.keys() else wanted if new.keys() < former.keys() else None
    differing = [field for field in new if {*new[field]} != {*former[field]}]
    if not differing:
        return wanted
    union = {field: kept(new[field], asked_for[field], there[field]) for field in new}
    # two lists that both grow would also take pairs that nobody asked for
    if sum(map(len, union.values())) > MAX_VALUES or len(differing) > 1:
        return None
    return [host(*values) if field == HOST else path(*values) for field, values in union.items()]


def _values(conditions: Conditions) -> dict[str, list[str]] | None:
    """Return the values by field; None if there is a condition of another kind."""
    found = {str(one.get("Field")): list(one["Values"]) for one in conditions if "Values" in one}
    return found if len(found) == len(conditions) and found.keys() <= CONFIGS.keys() else None
