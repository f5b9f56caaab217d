"""Listener rules: find the action for a request, and the target groups of an action with their weights.

Sources: Application Load Balancer user guide, "Listener rules" and "Action types"; ELBv2 API, ForwardActionConfig.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Any

_REFERENCE = re.compile(r"\$(\d)")
"""A group of the regular expression in a rewrite's replacement."""


def action_for(elb: Any, listener_arn: str, name: str, path: str) -> dict[str, Any] | None:
    """Return the action of the first rule of a listener that takes a request for a name and a path."""
    rule = rule_for(elb, listener_arn, name, path)
    data: dict[str, Any] | None = rule.actions[-1].data if rule else None
    return data


def rule_for(elb: Any, listener_arn: str, name: str, path: str) -> Any:
    """Return the first rule of a listener that takes a request for a name and a path; None if there is none."""
    for rule in elb.describe_rules(listener_arn, None):
        if rule.is_default or all(_holds(condition, name, path) for condition in rule.conditions):
            return rule
    return None


def rewritten(rule: Any, url: str) -> str:
    """Return the path and query of a request as a target gets them; unchanged if no expression fits."""
    transforms: Sequence[Mapping[str, Any]] = getattr(rule, "transforms", ())
    for one in (it for it in transforms if it["Type"] == "url-rewrite"):
        for rewrite in one["UrlRewriteConfig"]["Rewrites"]:
            url = re.sub(rewrite["Regex"], _REFERENCE.sub(r"\\g<\1>", rewrite["Replace"]), url, count=1)
    return url


def patterns(rule: Any) -> list[str]:
    """Return the path patterns that a rule takes: all for the default rule and one for hosts; none for other rules."""
    if rule.is_default or {one["Field"] for one in rule.conditions} == {"host-header"}:
        return ["/*"]
    return [value for one in rule.conditions if one["Field"] == "path-pattern" for value in _values(one)]


def hosts(rule: Any) -> list[str]:
    """Return the host patterns that a rule takes, in lower case; none if it takes any host."""
    found = () if rule.is_default else rule.conditions
    return [value.lower() for one in found if one["Field"] == "host-header" for value in _values(one)]


def shares(action: Mapping[str, Any]) -> dict[str, int]:
    """Return the weight of each target group that an action forwards to; groups of weight 0 are left out."""
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
    weights = {one["TargetGroupArn"]: int(one.get("Weight") or 0) if "Weight" in one else 1 for one in groups}
    return {arn: weight for arn, weight in weights.items() if weight}


def _holds(condition: Mapping[str, Any], name: str, path: str) -> bool:
    asked = {"path-pattern": path, "host-header": name.lower()}.get(condition["Field"])
    return asked is not None and any(fits(pattern, asked) for pattern in _values(condition))


def _values(condition: Mapping[str, Any]) -> list[str]:
    config = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}.get(condition["Field"], "")
    return list((condition.get(config) or {}).get("Values", ()))


def fits(pattern: str, text: str) -> bool:
    """Return whether a text fits a pattern in which only `*` and `?` are special."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def expected(codes: str, usual: int = 200) -> int:
    """Return the status of an answer that passes a check: the usual one if it is among the codes, else their first.

    >>> expected("307")
    307
    """
    return usual if matches(codes, usual) else int(re.split(r"[,-]", codes, maxsplit=1)[0])


def matches(codes: str, status: int) -> bool:
    """Return whether a status is among a matcher's codes, such as `200`, `200,301` or `200-299`.

    >>> matches("200,301-302", 302)
    True
    """
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False
