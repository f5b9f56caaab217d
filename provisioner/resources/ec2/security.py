"""EC2's security groups, with their rules as fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import code_of
from provisioner.aws.permissions import ASKED, CHANGED, OURS, OWN, UNOWNED, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.resource import Changes, Observed, Resource, kept
from provisioner.engine.words import UNSEEN
from provisioner.resources.ec2 import obstacles
from provisioner.resources.ec2.api import API, TAGGED
from provisioner.resources.ec2.common import ANYWHERE, in_vpcs, interfaces
from provisioner.resources.ec2.network import Vpc

Rule = Mapping[str, Any]
"""One rule with one peer, as DescribeSecurityGroupRules spells it.

Members: IpProtocol, FromPort, ToPort, Description, and a peer such as CidrIpv4 or ReferencedGroupId. Port -1 stands for
all ports.
"""


OPEN: Rule = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": ANYWHERE, "Description": ""}
"""The rule that AWS gives a new group: all traffic to anywhere."""
PEERS = {
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
    "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
}
"""The name of a rule's peer, and its list and member in EC2's permissions."""
MAX_RULES = 60
"""Rules that a group may have in each direction, unless AWS has raised the quota (VPC quotas)."""
FULL = "RulesPerSecurityGroupLimitExceeded"
"""The code with which EC2 refuses one rule too many in a group."""


def allow(port: int, description: str, *, cidr: str = "", group: str = "", prefix_list: str = "") -> Rule:
    """Return a rule for one TCP port and one peer: a CIDR, another group's id, or a prefix list's id."""
    peers = {"CidrIpv4": cidr, "ReferencedGroupId": group, "PrefixListId": prefix_list}
    peer = {name: value for name, value in peers.items() if value}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer, "Description": description}


@dataclass(frozen=True)
class SecurityGroup(Resource):
    """A security group of the stack's VPC with exactly these rules.

    Attributes:
        ingress: None if a `SecurityGroupIngress` has the rules.
        egress: None if a `SecurityGroupEgress` has the rules; AWS's rule of a new group is removed in any case.
    """

    vpc_id: str
    group_name: str
    description: str
    ingress: Sequence[Rule] | None
    egress: Sequence[Rule] | None

    type_name = "security_group"
    api = API
    arn = "security-group/*"
    permissions = (
        *TAGGED,
        *grants("ec2", "DescribeSecurityGroups"),
        *grants("ec2", "CreateSecurityGroup", OWN, conditions=ASKED),
        *grants("ec2", "CreateSecurityGroup", "vpc/*", conditions=OURS),
        *grants(
            "ec2",
            "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress DeleteSecurityGroup",
            OWN,
            conditions=OURS,
        ),
        *grants(
            "ec2",
            "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress",
            OWN,
            conditions=OURS,
            use=Use.OTHER,
            why=CHANGED,
        ),
        *grants("ec2", "RevokeSecurityGroupEgress RevokeSecurityGroupIngress", OWN, conditions=OURS),
        # and on the VPC's default group, which AWS creates without tags
        *grants(
            "ec2",
            "RevokeSecurityGroupEgress RevokeSecurityGroupIngress",
            OWN,
            conditions=(*UNOWNED, ("ArnLike", "ec2:Vpc", ("arn:{partition}:ec2:{region}:{account}:vpc/{known_vpc}",))),
        ),
    )
    identity = ("vpc_id", "group_name")
    create_only = frozenset({"vpc_id", "group_name", "description"})
    unordered = frozenset({"ingress", "egress"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        ingress, egress = _said(known, "ingress"), _said(known, "egress")
        for group in _groups(aws):
            if (name := group["GroupName"]) != "default":
                live = _live(aws, group)
                apart = {"ingress"} if ingress.get(name, ()) is None else set[str]()
                if egress.get(name, ()) is None and live.attributes["egress"] != [OPEN]:
                    apart.add("egress")
                yield replace(live, attributes={k: v for k, v in live.attributes.items() if k not in apart})

    def create(self, aws: Aws, token: str) -> Observed:
        made = aws.client("ec2").create_security_group(
            VpcId=self.vpc_id,
            GroupName=self.group_name,
            Description=self.description,
            TagSpecifications=aws.tag_specification("security-group", self.address),
        )
        attributes = self.fields() | {"ingress": [], "egress": [OPEN]}
        if self.ingress is None:
            del attributes["ingress"]
        return Observed(made["GroupId"], attributes, address=self.address)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        put_rules(aws, live.id, "ingress", live.attributes.get("ingress", ()), self.ingress or ())
        put_rules(aws, live.id, "egress", live.attributes.get("egress", ()), self.egress or ())

    def widened(self, before: Mapping[str, Any], live: Observed) -> SecurityGroup:
        """Keep former rules between the stack's own groups; rules of CIDRs grant access, and change at once."""
        there, ingress, egress = live.attributes, self.ingress, self.egress
        if ingress is not None and "ingress" in there:
            # with None before, a `SecurityGroupIngress` that is no longer declared had the incoming rules
            asked = before.get("ingress", ())
            ingress = _both(ingress, _between(there["ingress"] if asked is None else asked), there["ingress"])
        if egress is not None and "egress" in there:
            asked = before.get("egress", ())
            # with None before, a `SecurityGroupEgress` that is no longer declared had the outgoing rules
            former = [rule for rule in there["egress"] if rule != OPEN] if asked is None else asked
            egress = _both(egress, former, there["egress"])
        return replace(self, ingress=ingress, egress=egress)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # AWS deletes no group that another group's rule names, and two groups may name each other
        for resource_type, direction, rules in (
            (SecurityGroup, "ingress", "ingress"),
            (SecurityGroupIngress, "ingress", "rules"),
            (SecurityGroupEgress, "egress", "rules"),
        ):
            for other in [other for other in aws.live(resource_type) if other.owned and other.id != live.id]:
                there = other.attributes.get(rules, ())
                naming = [rule for rule in there if rule.get("ReferencedGroupId") == live.id]
                if naming:
                    aws.mark_stale(resource_type)
                    put_rules(aws, other.id, direction, naming, ())
        aws.client("ec2").delete_security_group(GroupId=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "group-id", live.id)

    @classmethod
    def obstacles(cls, aws: Aws, live: Observed) -> str:
        return obstacles.naming_group(aws, str(live.attributes["vpc_id"]), live.id)


@dataclass(frozen=True)
class _Rules(Resource, abstract=True):
    """A group's rules in one direction, at least one, apart from the group. Its id is the group's."""

    group_id: str
    rules: Sequence[Rule]

    direction: ClassVar[str]
    has_tags = False
    api = API
    identity = ("group_id",)
    create_only = frozenset({"group_id"})
    derived = ("id",)
    has_parent = True
    unordered = frozenset({"rules"})

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], rules: Sequence[Rule]) -> Observed:
        attributes = {"group_id": group["GroupId"], "rules": rules}
        return Observed(group["GroupId"], attributes, owned=aws.owns(tag_map(group.get("Tags"))))

    def create(self, aws: Aws, token: str) -> Observed:
        put_rules(aws, self.group_id, self.direction, (), self.rules)
        return Observed(self.group_id, self.fields())

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        put_rules(aws, live.id, self.direction, live.attributes["rules"], self.rules)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        put_rules(aws, live.id, cls.direction, live.attributes["rules"], ())


@dataclass(frozen=True)
class SecurityGroupIngress(_Rules):
    """A group's rules for incoming traffic, at least one: apart from the group, groups can name each other in circles.

    Its id is the group's. They are the group's own again as soon as that is declared with incoming rules.
    """

    type_name = "security_group_ingress"
    direction = "ingress"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        said = _said(aws.known(SecurityGroup), "ingress")
        for group in _groups(aws):
            rules = _rules(group["IpPermissions"])
            if rules and said.get(group["GroupName"], ()) is None:
                yield cls._live(aws, group, rules)

    def widened(self, before: Mapping[str, Any], live: Observed) -> SecurityGroupIngress:
        """Keep former rules between the stack's own groups, as the group itself does."""
        # without a record, the group itself had the rules
        former = before.get("rules", live.attributes["rules"])
        return replace(self, rules=_both(self.rules, _between(former), live.attributes["rules"]))


@dataclass(frozen=True)
class SecurityGroupEgress(_Rules):
    """A group's rules for outgoing traffic, at least one: apart from the group, they can name groups made after it.

    Its id is the group's. A resource that gets the group's id from here starts only when nothing else can go out.
    """

    type_name = "security_group_egress"
    direction = "egress"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for group in _groups(aws):
            rules = _rules(group["IpPermissionsEgress"])
            # AWS's rule of a new group is removed by the group itself, and is none of these rules
            if rules and rules != [OPEN] and group["GroupName"] != "default":
                yield cls._live(aws, group, rules)

    def widened(self, before: Mapping[str, Any], live: Observed) -> SecurityGroupEgress:
        return replace(self, rules=_both(self.rules, before.get("rules"), live.attributes["rules"]))


@dataclass(frozen=True)
class DefaultSecurityGroup(Resource):
    """The VPC's default group, which AWS creates and deletes with it: emptied, so that nothing uses it by accident."""

    vpc_id: str
    ingress: Sequence[Rule] = ()
    egress: Sequence[Rule] = ()

    type_name = "default_security_group"
    has_tags = False
    api = API
    identity = ("vpc_id",)
    retained = True
    retained_because = "AWS deletes it together with its VPC"
    update_when_ready = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return cls._of(aws, _groups(aws))

    @staticmethod
    def _of(aws: Aws, groups: Iterator[Mapping[str, Any]]) -> Iterator[Observed]:
        for group in groups:
            if group["GroupName"] == "default":
                live = _live(aws, group)
                settings = {name: live.attributes[name] for name in ("vpc_id", "ingress", "egress")}
                yield replace(live, attributes=settings, owned=True)

    def create(self, aws: Aws, token: str) -> Observed:
        # AWS has created it with the VPC: only the read is left, which may come too early
        return next(self._of(aws, _groups(aws, [self.vpc_id])), Observed("", {"vpc_id": self.vpc_id}))

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return None if live.id else UNSEEN

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        put_rules(aws, live.id, "ingress", live.attributes["ingress"], self.ingress)
        put_rules(aws, live.id, "egress", live.attributes["egress"], self.egress)


def _said(known: Sequence[Mapping[str, Any]], field: str) -> dict[str, Any]:
    """Return a field of known groups by their names; declared fields come before recorded ones, and win."""
    return {fields["group_name"]: fields.get(field) for fields in reversed(known)}


def _between(rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that name a group."""
    return [rule for rule in rules if "ReferencedGroupId" in rule]


def _groups(aws: Aws, vpc_ids: Sequence[str] | None = None) -> Iterator[Mapping[str, Any]]:
    """Yield all groups of these VPCs; by default, of the stack's VPCs."""
    return in_vpcs(aws, vpcs(aws) if vpc_ids is None else vpc_ids, "describe_security_groups", "SecurityGroups")


def vpcs(aws: Aws) -> list[str]:
    """Return the ids of the stack's VPCs: its own, and an existing VPC if its groups name one."""
    named = (str(fields.get("vpc_id")) for fields in aws.known(SecurityGroup))
    return sorted({*(vpc.id for vpc in aws.live(Vpc)), *(name for name in named if name.startswith("vpc-"))})


def _live(aws: Aws, group: Mapping[str, Any]) -> Observed:
    attributes = {
        "vpc_id": group["VpcId"],
        "group_name": group["GroupName"],
        "description": group["Description"],
        "ingress": _rules(group["IpPermissions"]),
        "egress": _rules(group["IpPermissionsEgress"]),
    }
    return observed(aws, group["GroupId"], attributes, tag_map(group.get("Tags")))


def _rules(permissions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return AWS's grouped permissions as rules with one peer each."""
    rules = []
    for p in permissions:
        ports = {"IpProtocol": p["IpProtocol"], "FromPort": p.get("FromPort", -1), "ToPort": p.get("ToPort", -1)}
        for name, (peers, key) in PEERS.items():
            found = p.get(peers, ())
            rules += [{**ports, name: peer[key], "Description": peer.get("Description", "")} for peer in found]
    return rules


def _permission(rule: Rule) -> dict[str, Any]:
    """Return a rule as the authorize and revoke calls take it."""
    permission: dict[str, Any] = {"IpProtocol": rule["IpProtocol"]}
    if rule["IpProtocol"] != "-1":
        permission |= {"FromPort": rule["FromPort"], "ToPort": rule["ToPort"]}
    described = {"Description": rule["Description"]} if rule.get("Description") else {}
    peers = {peers: [{key: rule[name], **described}] for name, (peers, key) in PEERS.items() if name in rule}
    return permission | peers


def peers_let_in(permissions: Sequence[Mapping[str, Any]], port: int) -> list[str]:
    """Return the peers that incoming permissions of a group, as EC2 shows them, let in by a TCP port."""
    return [
        str(next(rule[name] for name in PEERS if name in rule))
        for rule in _rules(permissions)
        if rule["IpProtocol"] == "-1" or (rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"])
    ]


def put_rules(aws: Aws, group_id: str, direction: str, there: Sequence[Rule], wanted: Sequence[Rule]) -> None:
    """Update changed descriptions, authorize missing rules, then revoke unwanted rules.

    The order avoids a moment without either rule. Only if AWS has no room for both, as many unwanted rules as there are
    new ones are revoked first.
    """
    ec2 = aws.client("ec2")
    allowed, kept = [_bare(rule) for rule in there], [_bare(rule) for rule in wanted]
    if redescribed := [_permission(rule) for rule in wanted if rule not in there and _bare(rule) in allowed]:
        describe = getattr(ec2, f"update_security_group_rule_descriptions_{direction}")
        describe(GroupId=group_id, IpPermissions=redescribed)
    # EC2 refuses a call that contains the same rule twice
    missing = [_permission(rule) for n, rule in enumerate(wanted) if kept[n] not in [*allowed, *kept[:n]]]
    unwanted = [_permission(rule) for rule in there if _bare(rule) not in kept]

    authorize, revoke = f"authorize_security_group_{direction}", f"revoke_security_group_{direction}"

    def call(name: str, permissions: Sequence[dict[str, Any]]) -> None:
        if permissions:
            getattr(ec2, name)(GroupId=group_id, IpPermissions=permissions)

    try:
        call(authorize, missing)
    except ClientError as error:
        if code_of(error) != FULL or not unwanted:
            raise
        call(revoke, unwanted[: len(missing)])
        call(authorize, missing)
        unwanted = unwanted[len(missing) :]
    call(revoke, unwanted)


def _both(wanted: Sequence[Rule], before: Sequence[Rule] | None, live: Sequence[Rule]) -> Sequence[Rule]:
    """Return the wanted rules and the former ones still in use; only the wanted ones if there is no room for both."""
    new = [_bare(rule) for rule in wanted]
    # a rule that differs only in its description is the same rule
    both = kept(wanted, before, [rule for rule in live if _bare(rule) not in new])
    # a group with more rules than the default quota belongs to an account with a higher quota
    return both if len(both) <= max(MAX_RULES, len(live), len(wanted)) else wanted


def _bare(rule: Rule) -> Rule:
    """Return a rule without its description, which is no part of a rule's identity in AWS."""
    return {key: value for key, value in rule.items() if key != "Description"}
