"""EC2's rules for incoming traffic in security groups of somebody else, each a resource with an id and tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.permissions import ASKED, CHANGED, OURS, TAGS_AT_ONCE, Use, creating, grants, retagging, untagging
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.ec2.api import API
from provisioner.resources.ec2.common import read_by_id
from provisioner.resources.ec2.security import SecurityGroup

_WHY = "`[database] security_group`"
_RULES = "security-group-rule/*"
_GROUP = "security-group/{database_group}"
TCP = "tcp"


@dataclass(frozen=True)
class SecurityGroupRule(Resource):
    """A rule that lets one group of the stack into a security group of somebody else, by one TCP port.

    The group itself and all its other rules stay as they are. Ports and groups of a rule could be changed in place, but
    then tasks that still run would have no way.

    Attributes:
        group_id: the group of somebody else.
        source_group: the group of the stack that is let in. It is an output too, for resources that need the rule.
    """

    group_id: str
    source_group: str
    port: int
    description: str

    type_name = "security_group_rule"
    api = API
    arn = _RULES
    permissions = (
        *grants("ec2", "DescribeSecurityGroupRules", use=Use.OPTION, why=_WHY),
        # no tag of the group is the stack's: its id is the limit
        *grants("ec2", "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress", _GROUP, use=Use.OPTION, why=_WHY),
        *grants("ec2", "AuthorizeSecurityGroupIngress", _RULES, conditions=ASKED, use=Use.OPTION, why=_WHY),
        *grants("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", _GROUP, use=Use.OTHER, why=CHANGED),
        *grants(
            "ec2",
            "CreateTags",
            _RULES,
            conditions=creating("ec2:CreateAction", "AuthorizeSecurityGroupIngress"),
            **TAGS_AT_ONCE,
        ),
        *retagging("ec2", "CreateTags", _RULES),
        *untagging("ec2", "DeleteTags", _RULES, conditions=OURS),
    )
    identity = ("group_id", "source_group", "port")
    outputs = ("source_group",)
    derived = ("source_group",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        """List the rules in groups that are known, or that let a group of this stack in.

        A stack without such a group makes no call: its VPC's groups are read already.
        """
        asked = {str(fields.get("group_id")) for fields in known}
        named = {one for one in asked if one.startswith("sg-")}
        # a group that is found only now may be any of them
        named |= _letting_in(aws) if named == asked else {one.id for one in aws.live(SecurityGroup)}
        if groups := sorted(named):
            filters = [{"Name": "group-id", "Values": groups}]
            shown = aws.pages("ec2", "describe_security_group_rules", "SecurityGroupRules", Filters=filters)
            yield from (_live(aws, rule) for rule in shown if _of_this_type(rule))

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return read_by_id(aws, _live, "describe_security_group_rules", "SecurityGroupRules", SecurityGroupRuleIds=[id])

    def create(self, aws: Aws, token: str) -> Observed:
        tags = aws.tag_specification("security-group-rule", self.address)
        (made,) = aws.client("ec2").authorize_security_group_ingress(
            GroupId=self.group_id, IpPermissions=[self._permission()], TagSpecifications=tags
        )["SecurityGroupRules"]
        return _live(aws, made)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        described = {"SecurityGroupRuleId": live.id, "Description": self.description}
        aws.client("ec2").update_security_group_rule_descriptions_ingress(
            GroupId=self.group_id, SecurityGroupRuleDescriptions=[described]
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").revoke_security_group_ingress(
            GroupId=live.attributes["group_id"], SecurityGroupRuleIds=[live.id]
        )
        # its group may have been read with the rule
        aws.mark_stale(SecurityGroup)

    def _permission(self) -> dict[str, Any]:
        peer = {"GroupId": self.source_group, "Description": self.description}
        return {"IpProtocol": TCP, "FromPort": self.port, "ToPort": self.port, "UserIdGroupPairs": [peer]}


def _letting_in(aws: Aws) -> set[str]:
    """Return the ids of groups of others that let a group of this stack in."""
    groups = list(aws.live(SecurityGroup))
    own = {one.id for one in groups if one.owned}
    return {
        one.id
        for one in groups
        if not one.owned and any(rule.get("ReferencedGroupId") in own for rule in one.attributes.get("ingress", ()))
    }


def _of_this_type(rule: Mapping[str, Any]) -> bool:
    """Return whether a rule lets a group in by one TCP port."""
    alike = not rule["IsEgress"] and rule["IpProtocol"] == TCP and rule["FromPort"] == rule["ToPort"]
    return bool(alike and rule.get("ReferencedGroupInfo", {}).get("GroupId"))


def _live(aws: Aws, rule: Mapping[str, Any]) -> Observed:
    source = str(rule.get("ReferencedGroupInfo", {}).get("GroupId", ""))
    attributes = {
        "group_id": rule["GroupId"],
        "source_group": source,
        "port": rule["FromPort"],
        "description": rule.get("Description", ""),
    }
    tags = tag_map(rule.get("Tags"))
    return observed(aws, rule["SecurityGroupRuleId"], attributes, tags, {"source_group": source})
