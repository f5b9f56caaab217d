"""The conditions of listener rules: their form in calls, and their values while traffic moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.engine.resource import canonical, kept

Condition = Mapping[str, Any]
"""A condition of a rule, in AWS's spelling, in the form of `normal`."""
SHORT = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
"""The conditions that take one value in `Values`, and the member for several (ELBv2 API, RuleCondition)."""
MAX_VALUES, MAX_WILDCARDS = 5, 5
"""The most values of a rule's conditions, and wildcards in them (quotas of Application Load Balancers)."""
CLOSED: Sequence[Condition] = ({"Field": "host-header", "Values": ["closed.invalid"]},)
"""The conditions of a rule that takes no request: no host has a name in `.invalid` (RFC 6761, 6.4).

ECS refuses a service whose target group is in no listener or rule, so the rule has to be there before its tasks are.
"""


def normal(condition: Condition) -> dict[str, Any]:
    """Return a path or host condition in its short form, since AWS shows two; regular expressions have only one."""
    field = condition.get("Field", "")
    values = condition.get("Values") or condition.get(SHORT.get(field, ""), {}).get("Values")
    if field in SHORT and values:
        return {"Field": field, "Values": list(values)}
    return dict(condition)


def asked(conditions: Sequence[Condition]) -> list[Condition]:
    """Return conditions in the form of calls: `Values` takes a single value (ELBv2 API, RuleCondition)."""
    return [
        {"Field": one["Field"], SHORT[one["Field"]]: {"Values": list(one["Values"])}}
        if len(one.get("Values") or ()) > 1
        else one
        for one in conditions
    ]


def unmoved(
    wanted: Sequence[Condition], before: Sequence[Condition] | None, live: Sequence[Condition]
) -> Sequence[Condition]:
    """Return the conditions while services roll out: the former ones, as others still answer the new paths."""
    return live if before is not None and canonical(live) == canonical(before) else wanted


def moved(
    wanted: Sequence[Condition], before: Sequence[Condition] | None, live: Sequence[Condition]
) -> Sequence[Condition]:
    """Return the conditions while traffic moves: the wanted values, and former ones until their next owner has them.

    Two rules that exchange their paths would leave one of them to nobody between two calls.
    """
    former = {one["Field"]: one.get("Values") for one in unmoved(wanted, before, live)}
    there = {one["Field"]: one.get("Values") for one in wanted}
    differing = [field for field in there if field in SHORT and canonical(former.get(field)) != canonical(there[field])]
    if former.keys() != there.keys() or len(differing) != 1:
        # of values of two conditions, further pairs would be taken
        return wanted
    (field,) = differing
    union = [
        {**one, "Values": kept(one["Values"], former[field], former[field])} if one["Field"] == field else one
        for one in wanted
    ]
    return union if fits(union) else wanted


def fits(conditions: Sequence[Condition]) -> bool:
    """Return whether one rule can have these conditions."""
    values = [value for one in conditions for value in one.get("Values") or ()]
    return len(values) <= MAX_VALUES and sum(value.count("*") + value.count("?") for value in values) <= MAX_WILDCARDS
