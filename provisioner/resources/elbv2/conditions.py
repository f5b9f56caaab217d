"""The conditions of listener rules, hosts and paths: their form in calls, and their values while traffic moves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.config.path_patterns import MAX_VALUES, MAX_WILDCARDS, wildcards
from provisioner.engine.resource import canonical, kept

Condition = Mapping[str, Any]
"""A condition of a rule, in AWS's spelling, in the form of `normal`."""
Conditions = Sequence[Condition]
HOST, PATH = "host-header", "path-pattern"
SHORT = {PATH: "PathPatternConfig", HOST: "HostHeaderConfig"}
"""The conditions that take one value in `Values`, and the member for several (ELBv2 API, RuleCondition)."""
CLOSED: Conditions = ({"Field": HOST, "Values": ["closed.invalid"]},)
"""The conditions of a rule that takes no request: no host has a name in `.invalid` (RFC 6761, 6.4).

ECS refuses a service whose target group is in no listener or rule, so the rule has to be there before its tasks are.
"""


def path(*patterns: str) -> Condition:
    """Return the condition that a request's path matches one of these patterns."""
    return {"Field": PATH, "Values": list(patterns)}


def host(*names: str) -> Condition:
    """Return the condition that a request is for one of these hosts; their order means nothing."""
    return {"Field": HOST, "Values": sorted(names)}


def normal(condition: Condition) -> dict[str, Any]:
    """Return a path or host condition in its short form, since AWS shows two; regular expressions have only one."""
    field = condition.get("Field", "")
    values = condition.get("Values") or condition.get(SHORT.get(field, ""), {}).get("Values")
    if field not in SHORT or not values:
        return dict(condition)
    return dict(host(*values) if field == HOST else path(*values))


def asked(conditions: Conditions) -> list[Condition]:
    """Return conditions in the form of calls: `Values` takes a single value (ELBv2 API, RuleCondition)."""
    return [
        {"Field": one["Field"], SHORT[one["Field"]]: {"Values": list(one["Values"])}}
        if len(one.get("Values") or ()) > 1
        else one
        for one in conditions
    ]


def without_beginning(beginning: str) -> Sequence[Mapping[str, Any]]:
    """Return the transforms that take the beginning of a request's path off; the rest of the URL stays.

    The rule itself is chosen by the path as it was (Application Load Balancer guide, "Transforms for listener rules").
    """
    rewrite = {"Regex": f"^{re.escape(beginning)}/?(.*)$", "Replace": "/$1"}
    return [{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [rewrite]}}]


def same(some: Conditions, others: Conditions) -> bool:
    """Return whether conditions take the same requests: their order means nothing, nor does that of hosts."""
    # a host may be another resource's output, which is in its place only when it is known
    one, other = (canonical([normal(each) for each in conditions], unordered=True) for conditions in (some, others))
    return bool(one == other)


def unmoved(wanted: Conditions, before: Conditions | None, live: Conditions) -> Conditions:
    """Return the conditions while services roll out: the former ones, as others still answer the new requests."""
    return live if before is not None and same(live, before) else wanted


def moved(wanted: Conditions, before: Conditions | None, live: Conditions) -> Conditions:
    """Return the conditions while traffic moves: the wanted requests, and former ones until their next owner has them.

    Two rules that exchange their paths, or their hosts, would leave one of them to nobody between two calls.
    """
    if same(live, CLOSED):
        return wanted
    was = unmoved(wanted, before, live)
    former, there = _values(was), _values(wanted)
    if former is None or there is None:
        return wanted
    differing = [field for field in there if field in former and {*former[field]} != {*there[field]}]
    if not differing and former.keys() < there.keys():
        # a condition less takes more requests
        return was
    if former.keys() != there.keys() or len(differing) != 1:
        # of values of two conditions, further pairs would be taken
        return wanted
    (field,) = differing
    union = kept(there[field], former[field], former[field])
    both = [
        one if one["Field"] != field else host(*union) if field == HOST else path(*union) for one in map(normal, wanted)
    ]
    return both if fits(both) else wanted


def fits(conditions: Conditions) -> bool:
    """Return whether one rule can have these conditions."""
    values = [value for one in conditions for value in one.get("Values") or ()]
    return len(values) <= MAX_VALUES and wildcards(values) <= MAX_WILDCARDS


def _values(conditions: Conditions) -> dict[str, list[str]] | None:
    """Return the values by field; None if there is a condition of another kind."""
    found = {str(one.get("Field")): list(one["Values"]) for one in conditions if "Values" in one}
    return found if len(found) == len(conditions) and found.keys() <= SHORT.keys() else None
