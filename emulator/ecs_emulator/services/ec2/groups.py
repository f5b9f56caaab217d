"""Security groups and their rules: dependencies, allowed names, quotas, and rules with descriptions."""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.ec2 import texts
from ecs_emulator.services.ec2.interfaces import in_use_interfaces
from ecs_emulator.services.servicequotas import rules as servicequotas

_DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_WEIGHTS = {"com.amazonaws.global.cloudfront.origin-facing": 55, "com.amazonaws.global.groundstation": 5}
_PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6", "-1")
_ALLOWED = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"


@wrap(EC2Backend, "create_security_group")
def create_security_group(original: Any, self: Any, name: str, description: str, *args: Any, **kwargs: Any) -> Any:
    """CreateSecurityGroup: check the VPC, the reserved names `default` and `sg-…`, and the characters of the texts."""
    vpc_id = kwargs.get("vpc_id") or (args[0] if args else None)
    if vpc_id:
        self.get_vpc(vpc_id)
    if kwargs.get("is_default"):
        return original(self, name, description, *args, **kwargs)
    if name == "default":
        refuse("InvalidParameterValue", "Cannot use reserved security group name: default")
    if name.startswith("sg-"):
        refuse("InvalidParameterValue", "Group names may not be in the format sg-*.")
    if not _DESCRIPTION.fullmatch(name):
        refuse(
            "InvalidParameterValue",
            "Invalid security group name. Valid names contain less than 256 characters and are from the following set: "
            f"{_ALLOWED}",
        )
    if not _DESCRIPTION.fullmatch(description or ""):
        refuse(
            "InvalidParameterValue",
            "Invalid security group description. Valid descriptions are strings less than 256 characters from the "
            f"following set: {_ALLOWED}",
        )
    return original(self, name, description, *args, **kwargs)


@wrap(EC2Backend, "delete_security_group")
def delete_security_group(original: Any, self: Any, name: str | None = None, group_id: str | None = None) -> Any:
    """DeleteSecurityGroup: refuse the default group, and a group that an interface or another group's rule uses."""
    group = self.get_security_group_by_name_or_id(group_id or name)
    if group is None:
        return original(self, name, group_id)
    if group.is_default:
        refuse("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    held = any(group in interface.group_set for interface in in_use_interfaces(self))
    if held or any(rule.group_id != group.id for rule in references(self, group.id)):
        refuse("DependencyViolation", texts.HAS_DEPENDENT.format(group.id))
    for gone in (group, *group.ingress_rules, *group.egress_rules):
        self.tags.pop(gone.id, None)
    return original(self, None, group.id)


def references(ec2: Any, group_id: str) -> list[Any]:
    """Return every rule, in any group, whose source or destination is `group_id`."""
    return [rule for rule in all_rules(ec2) if rule.source_group.get("GroupId") == group_id]


def all_rules(ec2: Any) -> list[Any]:
    """Return every rule of every security group."""
    groups = [group for by_id in list(ec2.groups.values()) for group in list(by_id.values())]
    return [rule for group in groups for rule in [*group.ingress_rules, *group.egress_rules]]


@add(EC2Response, "describe_security_group_references")
def describe_security_group_references(self: Any) -> ActionResult:
    """DescribeSecurityGroupReferences: return none; only references across VPC peering count, and none exist here."""
    for group_id in self._get_param("GroupId", []):
        if self.ec2_backend.get_security_group_from_id(group_id) is None:
            refuse("InvalidGroup.NotFound", texts.NO_SECURITY_GROUP.format(group_id))
    return ActionResult({"SecurityGroupReferenceSet": []})


def open_default_group(ec2: Any, vpc_id: str) -> None:
    """Let a new VPC's default group receive its own traffic, and send all (VPC guide, "Default security groups")."""
    group = ec2.get_default_security_group(vpc_id)
    itself = {"GroupId": group.id, "UserId": ec2.account_id}
    group.ingress_rules = [SecurityGroupRule(ec2, "-1", group.id, None, None, None, itself, is_egress=False)]


@wrap(SecurityGroupRule, "__init__")
def remember_description(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """Keep the description of a rule for a prefix list too; moto keeps it only for other targets."""
    original(self, *args, **kwargs)
    target = kwargs.get("prefix_list_id") or (args[7] if len(args) > 7 else None) or {}
    self.prefix_description = target.get("Description")


def _description(self: Any) -> str | None:
    """Return the description of a rule, for any kind of target."""
    found = self.ip_range.get("Description") or self.source_group.get("Description") or self.prefix_description
    return str(found) if found else None


replace(SecurityGroupRule, "description")(property(_description))


@replace(SecurityGroupRule, "__eq__")
def same_rule(self: Any, other: object) -> bool:
    """Compare rules as AWS does: by protocol, ports and target, without description and account."""
    return isinstance(other, SecurityGroupRule) and _identity(self) == _identity(other)


def _identity(rule: Any) -> tuple[Any, ...]:
    target = (rule.ip_range.get("CidrIp"), rule.ip_range.get("CidrIpv6"), rule.source_group.get("GroupId"))
    ports = (rule.from_port, rule.to_port) if rule.ip_protocol != "-1" else (None, None)
    return (rule.ip_protocol, *ports, *target, rule.prefix_list_id)


@wrap(SecurityGroup, "_flattened_rules")
def flattened_rules(original: Any, self: Any, rules: list[Any]) -> Any:
    """DescribeSecurityGroups: show prefix lists with their descriptions."""
    described = {rule.prefix_list_id: rule.prefix_description for rule in rules if rule.prefix_list_id}
    views = original(self, rules)
    for view in views:
        for entry in view.prefix_list_ids:
            if text := described.get(entry["PrefixListId"]):
                entry["Description"] = text
    return views


def _requested_group(self: Any) -> Any:
    name = self._get_param("GroupId") or self._get_param("GroupName")
    group = self.ec2_backend.get_security_group_by_name_or_id(name)
    if group is None:
        refuse("InvalidGroup.NotFound", texts.NO_SECURITY_GROUP.format(name))
    return group


def _authorize(self: Any, direction: str) -> ActionResult:
    group = _requested_group(self)
    before = list(getattr(group, f"{direction}_rules"))
    rules: list[Any] = []
    try:
        for rule in self._get_param("IpPermissions", []):
            _check_ports(rule)
        permissions = list(self._process_rules_from_querystring())
        for wanted in permissions:
            _check_rule(self.ec2_backend, wanted)
        _check_distinct(self.ec2_backend, group, permissions)
        for wanted in permissions:
            created, _ = getattr(self.ec2_backend, f"authorize_security_group_{direction}")(**wanted)
            rules += created
        held = sum(_weight(self.ec2_backend, rule) for rule in getattr(group, f"{direction}_rules"))
        if held > servicequotas.in_force("vpc", "L-0EA8095F"):
            refuse(
                "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."
            )
    except Exception:
        setattr(group, f"{direction}_rules", before)
        raise
    return ActionResult({"Return": True, "SecurityGroupRules": rules})


def _weight(ec2: Any, rule: Any) -> int:
    """Return as how many rules one counts: more with a prefix list (VPC guide, aws-managed-prefix-list-weight)."""
    listed = ec2.managed_prefix_lists.get(rule.prefix_list_id)
    return _WEIGHTS.get(listed.prefix_list_name, 1) if listed else 1


def _check_distinct(ec2: Any, group: Any, permissions: list[dict[str, Any]]) -> None:
    """Refuse a call that contains the same rule twice, even with different descriptions; it adds no rule at all.

    Message: terraform-provider-aws#29492. A rule that exists already is another error, InvalidPermission.Duplicate.
    """
    wanted = [_identity(rule) for one in permissions for _, rule in _rules_of(ec2, group, one)]
    if len(set(wanted)) < len(wanted):
        refuse("InvalidParameterValue", "The same permission must not appear multiple times")


@replace(EC2Backend, "_verify_group_will_respect_rule_count_limit")
def no_limit_of_its_own(self: Any, *args: Any, **kwargs: Any) -> None:
    """Disable moto's limit of 60, which ignores prefix lists; `_authorize` checks the account's quota instead."""


def _check_ports(rule: dict[str, Any]) -> None:
    """Refuse an unknown protocol, and TCP or UDP without ports or with the higher port first."""
    protocol = str(rule.get("IpProtocol", "-1")).lower()
    if protocol not in _PROTOCOLS and not (protocol.isdigit() and int(protocol) <= 255):
        refuse("InvalidParameterValue", f"Invalid value '{protocol}' for IP protocol. Unknown protocol.")
    if protocol not in ("tcp", "udp", "6", "17"):
        return
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if first is None or last is None:
        refuse(
            "InvalidParameterValue",
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
        )
    if not 0 <= int(first) <= int(last) <= 65535:
        refuse("InvalidParameterValue", f"Invalid value '{first}-{last}' for portRange.")


def _check_rule(ec2: Any, wanted: dict[str, Any]) -> None:
    targets = [*wanted["ip_ranges"], *wanted["source_groups"], *wanted["prefix_list_ids"]]
    for target in targets:
        if not _DESCRIPTION.fullmatch(target.get("Description") or ""):
            refuse(
                "InvalidParameterValue",
                "Invalid rule description. Valid descriptions are strings less than 256 characters from the following "
                f"set: {_ALLOWED}",
            )
    for prefix_list in wanted["prefix_list_ids"]:
        if prefix_list["PrefixListId"] not in ec2.managed_prefix_lists:
            refuse("InvalidPrefixListId.NotFound", texts.NO_PREFIX_LIST.format(prefix_list["PrefixListId"]))
    if not targets:
        refuse("MissingParameter", "The request must contain the parameter cidrIp, cidrIpv6, groupId or prefixListId")


@replace(EC2Response, "authorize_security_group_ingress")
def authorize_ingress(self: Any) -> ActionResult:
    """AuthorizeSecurityGroupIngress: add all rules or none, and return all of them."""
    return _authorize(self, "ingress")


@replace(EC2Response, "authorize_security_group_egress")
def authorize_egress(self: Any) -> ActionResult:
    """AuthorizeSecurityGroupEgress: add all rules or none, and return all of them."""
    return _authorize(self, "egress")


def _change_descriptions(self: Any, direction: str) -> ActionResult:
    """Change the descriptions of rules, which the call names by id or by content; change all or none."""
    group = _requested_group(self)
    rules = getattr(group, f"{direction}_rules")
    by_id, by_words = self._get_param("SecurityGroupRuleDescriptions", []), self._get_param("IpPermissions", [])
    if bool(by_id) == bool(by_words):
        refuse("InvalidParameterCombination", "Specify either ipPermissions or securityGroupRuleDescriptions")
    known, changes = {rule.id: rule for rule in rules}, list[tuple[Any, str | None]]()
    for wanted in by_id:
        if (rule_id := wanted.get("SecurityGroupRuleId")) not in known:
            _refuse_rule(rule_id)
        changes.append((known[rule_id], wanted.get("Description")))
    for wanted in self._process_rules_from_querystring() if by_words else ():
        _check_rule(self.ec2_backend, wanted)
        for target, wanted_rule in _rules_of(self.ec2_backend, group, wanted):
            rule = next((rule for rule in rules if rule == wanted_rule), None)
            if rule is None:
                refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
            changes.append((rule, target.get("Description")))
    for rule, text in changes:
        rule.ip_range = _with_description(rule.ip_range, text)
        rule.source_group = _with_description(rule.source_group, text)
        rule.prefix_description = text
    return ActionResult({"Return": True})


def _refuse_rule(rule_id: Any) -> None:
    refuse("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")


def _revoke(original: Any, self: Any, direction: str) -> Any:
    """Refuse a call with an unknown id of a rule before any rule goes; the tags of a rule go with it."""
    group = _requested_group(self)
    before = {rule.id for rule in getattr(group, f"{direction}_rules")}
    for rule_id in self._get_param("SecurityGroupRuleIds", []):
        if rule_id not in before:
            _refuse_rule(rule_id)
    answer = original(self)
    for gone in before - {rule.id for rule in getattr(group, f"{direction}_rules")}:
        self.ec2_backend.tags.pop(gone, None)
    return answer


@wrap(EC2Response, "revoke_security_group_ingress")
def revoke_ingress(original: Any, self: Any) -> Any:
    """RevokeSecurityGroupIngress: check the ids of rules, and drop the tags of the rules that go."""
    return _revoke(original, self, "ingress")


@wrap(EC2Response, "revoke_security_group_egress")
def revoke_egress(original: Any, self: Any) -> Any:
    """RevokeSecurityGroupEgress: check the ids of rules, and drop the tags of the rules that go."""
    return _revoke(original, self, "egress")


def _rules_of(ec2: Any, group: Any, wanted: dict[str, Any]) -> list[tuple[dict[str, Any], SecurityGroupRule]]:
    """Return each target of a permission, with the rule that it means."""
    base = (ec2, wanted["ip_protocol"], group.id, wanted["from_port"], wanted["to_port"])
    groups = ec2._add_source_group(wanted["source_groups"], group.vpc_id)
    return [
        *((target, SecurityGroupRule(*base, target)) for target in wanted["ip_ranges"]),
        *((target, SecurityGroupRule(*base, None, target)) for target in groups),
        *((target, SecurityGroupRule(*base, None, None, target)) for target in wanted["prefix_list_ids"]),
    ]


def _with_description(target: dict[str, Any], text: str | None) -> dict[str, Any]:
    """Return a rule's target with a new description; None removes the former one (API reference)."""
    if not target:
        return target
    return {**{name: value for name, value in target.items() if name != "Description"}, "Description": text}


@replace(EC2Response, "update_security_group_rule_descriptions_ingress")
def describe_ingress(self: Any) -> ActionResult:
    """Answer UpdateSecurityGroupRuleDescriptionsIngress."""
    return _change_descriptions(self, "ingress")


@replace(EC2Response, "update_security_group_rule_descriptions_egress")
def describe_egress(self: Any) -> ActionResult:
    """Answer UpdateSecurityGroupRuleDescriptionsEgress."""
    return _change_descriptions(self, "egress")
