"""The rules of listeners: their priorities, their conditions in both of AWS's forms, their target groups."""

from __future__ import annotations

import re
from typing import Any

from moto.elbv2.models import ELBv2Backend

from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.elbv2 import texts
from ecs_emulator.services.elbv2.lookup import resource
from ecs_emulator.services.elbv2.rules import check_groups, forget_tags, rebind

_HOST = re.compile(r"[A-Za-z0-9.*?-]*\.[A-Za-z*?]+")
_PRIORITY_IN_USE = "Priority '{}' is currently in use"
_SHORT = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
"""The conditions that take one value in `Values`, and the member for several (ELBv2 API, RuleCondition)."""
_MOST_RULES = 100
"""The most rules of a load balancer, without the default ones (quotas of Application Load Balancers)."""
_MOST = 5
"""The most values of a rule's conditions, and the most wildcards in them (quotas of Application Load Balancers)."""


@wrap(ELBv2Backend, "create_rule")
def create_rule(
    original: Any, self: Any, listener_arn: str, conditions: Any, priority: Any, actions: Any, tags: Any = None
) -> Any:
    """CreateRule: refuse a used priority, too many values or rules; conditions come back in both of AWS's forms.

    The code for too many rules is AWS's (aws-load-balancer-controller#1856), the end of its words is by analogy.
    """
    listener = resource(self, listener_arn)
    for rule in listener.rules.values():
        if str(rule.priority) == str(priority):
            refuse("PriorityInUse", _PRIORITY_IN_USE.format(priority))
    actions = check_groups(self, listener.load_balancer_arn, actions, listener.protocol)
    _check_conditions(conditions)
    listeners = resource(self, listener.load_balancer_arn).listeners.values()
    if sum(not rule.is_default for one in listeners for rule in one.rules.values()) >= _MOST_RULES:
        refuse("TooManyRules", texts.TOO_MANY_RULES.format(listener.load_balancer_arn))
    rule = original(self, listener_arn, [_full(entry) for entry in conditions], priority, actions, tags)
    rebind(self)
    return rule


@replace(ELBv2Backend, "set_rule_priorities")
def set_rule_priorities(self: Any, rule_priorities: list[dict[str, Any]]) -> list[Any]:
    """SetRulePriorities: let the named rules exchange priorities; refuse the priority of any other rule.

    Only the order after the call counts (ELBv2 API, SetRulePriorities).
    """
    rules = {entry["RuleArn"]: resource(self, entry["RuleArn"]) for entry in rule_priorities}
    wanted = {entry["RuleArn"]: str(entry["Priority"]) for entry in rule_priorities}
    for arn, rule in rules.items():
        if rule.is_default:
            refuse("OperationNotPermitted", f"The priority of default rule '{arn}' cannot be changed")
        for other in resource(self, rule.listener_arn).rules.values():
            if other.arn != arn and wanted.get(other.arn, str(other.priority)) == wanted[arn]:
                refuse("PriorityInUse", _PRIORITY_IN_USE.format(wanted[arn]))
    for arn, rule in rules.items():
        rule.priority = int(wanted[arn])
    return list(rules.values())


def _check_conditions(conditions: list[dict[str, Any]]) -> None:
    """Refuse two conditions for hosts or paths, and values that are too many or invalid.

    ELBv2 API, RuleCondition and HostHeaderConditionConfig; `Values` takes a single host name or path pattern. The words
    for too many values are AWS's (cfn-lint#3833); those for wildcards are by analogy. Accounts of before 2020 may have
    6 wildcards (elb-application-load-balancers-user-guide#32).
    """
    fields = [one.get("Field") for one in conditions]
    for field in _SHORT:
        if fields.count(field) > 1:
            refuse("ValidationError", f"A rule can only have one '{field}' condition")
    found = 0
    texts: list[str] = []
    for condition in conditions:
        field, short = condition.get("Field", ""), condition.get("Values") or []
        if field in _SHORT and len(short) > 1:
            refuse("ValidationError", f"The '{field}' field contains too many values; the limit is '1'")
        kinds = (one for key, one in condition.items() if key.endswith("Config"))
        values = [*short, *(value for kind in kinds for value in kind.get("Values") or ())]
        found += len(values) + len(condition.get("RegexValues") or ())
        texts += [value for value in values if isinstance(value, str) and field != "source-ip"]
        if field == "host-header" and (wrong := next((one for one in values if not _HOST.fullmatch(one)), None)):
            refuse("ValidationError", f"The host header value '{wrong}' is not valid")
    if found > _MOST:
        refuse("ValidationError", f"A rule can only have '{_MOST}' condition values")
    if sum(text.count("*") + text.count("?") for text in texts) > _MOST:
        refuse("ValidationError", f"A rule can only have '{_MOST}' condition wildcards")


def _full(condition: dict[str, Any]) -> dict[str, Any]:
    name = _SHORT.get(condition.get("Field", ""))
    if name is None or "RegexValues" in condition.get(name, {}):
        return condition
    values = condition.get("Values") or condition.get(name, {}).get("Values", [])
    return {"Field": condition["Field"], name: {"Values": values}}


@wrap(ELBv2Backend, "_validate_path_pattern_condition")
def path_condition(original: Any, self: Any, condition: dict[str, Any]) -> None:
    """CreateRule, ModifyRule: accept regular expressions for paths, which moto does not know."""
    if "RegexValues" not in condition.get("PathPatternConfig", {}):
        original(self, condition)


@wrap(ELBv2Backend, "describe_rules")
def describe_rules(original: Any, self: Any, listener_arn: str | None, rule_arns: Any) -> list[Any]:
    """DescribeRules: sort by priority, the default rule last; show path and host conditions with `Values` too."""
    rules = list(original(self, listener_arn, rule_arns))
    for rule in rules:
        for condition in rule.conditions:
            for name in _SHORT.values():
                if "Values" in condition.get(name, {}):
                    condition["Values"] = condition[name]["Values"]
    return sorted(rules, key=lambda rule: (rule.is_default, 0 if rule.is_default else int(rule.priority)))


@wrap(ELBv2Backend, "modify_rule")
def modify_rule(original: Any, self: Any, rule_arn: str, conditions: Any, actions: Any) -> Any:
    """ModifyRule: refuse an unknown rule, target groups of another load balancer, and too many values."""
    rule = resource(self, rule_arn)
    listener = resource(self, rule.listener_arn)
    actions = check_groups(self, listener.load_balancer_arn, actions, listener.protocol, rule.actions)
    _check_conditions(conditions)
    changed = original(self, rule_arn, [_full(entry) for entry in conditions], actions)
    rebind(self)
    return changed


@wrap(ELBv2Backend, "delete_rule")
def delete_rule(original: Any, self: Any, arn: str) -> None:
    """DeleteRule: refuse an unknown rule (RuleNotFound) and the default rule."""
    if resource(self, arn).is_default:
        refuse("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
    original(self, arn)
    forget_tags(self, arn)
    rebind(self)
