"""Rules of security groups that name each other: closed at once, changed in place, removed in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provisioner.resources.ec2.network import Vpc
from provisioner.resources.ec2.security import (
    OPEN,
    Rule,
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    allow,
)
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig


def declared(stack: Stack, *, apart: bool = True, egress: Sequence[Rule] = (), calls: Sequence[int] = (3306,)) -> None:
    """Two groups that name each other: web goes out to db, which lets web in."""
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    web = stack.ensure(SecurityGroup("web", vpc.id, "web", "Web", [], None if apart else egress))
    db = stack.ensure(SecurityGroup("db", vpc.id, "db", "Database", [allow(3306, "web", group=web.id)], []))
    if apart:
        stack.ensure(SecurityGroupEgress("web", web.id, [allow(port, "db", group=db.id) for port in calls]))


def former(stack: Stack) -> None:
    """As it was declared before: open, the rule the group's own."""
    declared(stack, apart=False, egress=[{**OPEN, "Description": "anywhere"}])


def shown(rig: Rig, name: str = "web") -> list[Any]:
    """Return the targets that a group's members may send to: port, and peer."""
    which = [{"Name": "group-name", "Values": [name]}]
    (group,) = rig.cloud.client("ec2").describe_security_groups(Filters=which)["SecurityGroups"]
    peers = ("IpRanges", "UserIdGroupPairs", "PrefixListIds")
    return [
        (rule.get("FromPort", -1), next(iter(peer.get(key) for key in ("CidrIp", "GroupId") if key in peer)))
        for rule in group["IpPermissionsEgress"]
        for resource_type in peers
        for peer in rule.get(resource_type, ())
    ]


def group_id(rig: Rig, name: str) -> str:
    return str(rig.state().records[f"security_group/{name}"].id)


def test_groups_that_name_each_other_let_out_nothing_else(rig: Rig) -> None:
    made = rig.up(declared).ok()
    assert made.summary.counts == {"created": 4}
    assert shown(rig) == [(3306, group_id(rig, "db"))]
    assert shown(rig, "db") == []
    assert rig.up(declared).ok().writes == []
    assert rig.plan(declared) == []


def test_removed_without_a_trace(rig: Rig) -> None:
    """AWS deletes no group that the rule of another one names."""
    rig.up(declared).ok()
    rig.down().ok()
    assert rig.state().records == {}
    groups = rig.cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    assert not {group["GroupName"] for group in groups} & {"web", "db"}


def test_a_former_versions_group_is_narrowed_and_never_shut(rig: Rig) -> None:
    rig.up(former).ok()
    before = group_id(rig, "web")
    planned = {item.address: (item.action, list(item.changes)) for item in rig.plan(declared)}
    assert planned == {"security_group_egress/web": ("change", ["rules"])}
    writes = rig.up(declared).ok().writes
    assert writes == ["AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"], "the other way nothing gets through"
    assert (group_id(rig, "web"), shown(rig)) == (before, [(3306, group_id(rig, "db"))])
    assert rig.plan(declared) == []
    rig.down().ok()


def test_the_default_rule_goes_even_after_a_killed_creation(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, apart=False, egress=[OPEN])).ok()
    planned = {item.address: list(item.changes) for item in rig.plan(declared)}
    assert planned["security_group/web"] == ["egress"]
    rig.up(declared).ok()
    assert shown(rig) == [(3306, group_id(rig, "db"))]
    assert rig.plan(declared) == []


def test_what_may_go_out_comes_changes_and_goes(rig: Rig) -> None:
    def closed(stack: Stack) -> None:
        declared(stack, apart=False)

    def more(stack: Stack) -> None:
        declared(stack, calls=(3306, 3307))

    rig.up(closed).ok()
    assert shown(rig) == []
    assert rig.up(declared).ok().writes == ["AuthorizeSecurityGroupEgress"]
    assert rig.up(more).ok().writes == ["AuthorizeSecurityGroupEgress"]
    assert shown(rig) == [(port, group_id(rig, "db")) for port in (3306, 3307)]
    assert rig.plan(more) == []
    rig.up(closed).ok()
    assert shown(rig) == []
    assert "security_group_egress/web" not in rig.state().records
    assert rig.plan(closed) == []


def test_rules_that_are_all_gone_are_created_anew(rig: Rig) -> None:
    rig.up(declared).ok()
    peer = [{"GroupId": group_id(rig, "db")}]
    rule = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "UserIdGroupPairs": peer}
    rig.cloud.client("ec2").revoke_security_group_egress(GroupId=group_id(rig, "web"), IpPermissions=[rule])
    assert [(item.address, item.action) for item in rig.plan(declared)] == [("security_group_egress/web", "create")]
    rig.up(declared).ok()
    assert shown(rig) == [(3306, group_id(rig, "db"))]
    assert rig.plan(declared) == []


def sources(stack: Stack, *numbers: int) -> None:
    """A group that lets in from so many networks."""
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    rules = [allow(80, "users", cidr=f"10.{number}.0.0/16") for number in numbers]
    stack.ensure(SecurityGroup("web", vpc.id, "web", "Web", rules, []))


AUTHORIZE, REVOKE = "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"


def test_no_more_old_rules_go_first_than_new_ones_come(rig: Rig) -> None:
    """A group has 60 rules in each direction (VPC quotas); all others are let in without a break."""
    rig.up(lambda stack: sources(stack, *range(60))).ok()
    assert rig.up(lambda stack: sources(stack, 100)).ok().writes == [REVOKE, AUTHORIZE, REVOKE]
    assert rig.plan(lambda stack: sources(stack, 100)) == []


def test_old_rules_go_first_if_only_the_new_ones_fit(rig: Rig) -> None:
    rig.up(lambda stack: sources(stack, *range(40))).ok()
    writes = rig.up(lambda stack: sources(stack, *range(100, 140))).ok().writes
    assert writes == [REVOKE, AUTHORIZE]
    assert rig.plan(lambda stack: sources(stack, *range(100, 140))) == []


def test_a_higher_quota_of_rules_cuts_nothing_off(rig: Rig) -> None:
    rig.cloud.control("POST", "quota", "service=vpc&code=L-0EA8095F&value=100")
    rig.up(lambda stack: sources(stack, *range(60))).ok()
    assert rig.up(lambda stack: sources(stack, *range(100, 140))).ok().writes == [AUTHORIZE, REVOKE]


def test_more_rules_than_the_quota_are_refused(rig: Rig) -> None:
    failed = rig.up(lambda stack: sources(stack, *range(61)))
    assert "RulesPerSecurityGroupLimitExceeded" in str(failed.failures()["security_group/web"])


# -- incoming rules ----------------------------------------------------------------------------------------------------


def entries(rig: Rig, name: str) -> list[Any]:
    """Return the ports at which a group lets others in, and the groups of these."""
    (group,) = rig.cloud.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])[
        "SecurityGroups"
    ]
    found = group["IpPermissions"]
    return sorted((rule["FromPort"], peer["GroupId"]) for rule in found for peer in rule["UserIdGroupPairs"])


def calling(stack: Stack, *, back: bool) -> None:
    """Web calls api; api calls web back, or does not."""
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    web = stack.ensure(SecurityGroup("web", vpc.id, "web", "Web", None if back else [], []))
    calls = [allow(80, "calls of web", group=web.id)]
    api = stack.ensure(SecurityGroup("api", vpc.id, "api", "API", None if back else calls, []))
    if back:
        stack.ensure(SecurityGroupIngress("api", api.id, calls))
        stack.ensure(SecurityGroupIngress("web", web.id, [allow(81, "calls of api", group=api.id)]))


def circle(stack: Stack) -> None:
    calling(stack, back=True)


def line(stack: Stack) -> None:
    calling(stack, back=False)


def test_groups_that_let_each_other_in_are_made_and_removed(rig: Rig) -> None:
    rig.up(circle).ok()
    web, api = group_id(rig, "web"), group_id(rig, "api")
    assert (entries(rig, "web"), entries(rig, "api")) == ([(81, api)], [(80, web)])
    assert rig.up(circle).ok().writes == []
    assert rig.plan(circle) == []
    rig.cloud.client("ec2").authorize_security_group_ingress(
        GroupId=web,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 9, "ToPort": 9, "UserIdGroupPairs": [{"GroupId": api}]}],
    )
    assert [(item.address, item.action) for item in rig.plan(circle)] == [("security_group_ingress/web", "change")]
    rig.up(circle).ok()
    assert entries(rig, "web") == [(81, api)]
    rig.down().ok()
    groups = rig.cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    assert not {group["GroupName"] for group in groups} & {"web", "api"}


def test_a_circle_comes_and_goes_and_no_call_is_ever_shut_out(rig: Rig) -> None:
    rig.up(line).ok()
    web, api = group_id(rig, "web"), group_id(rig, "api")
    assert rig.up(circle).ok().writes == ["AuthorizeSecurityGroupIngress"], "only the call back is new"
    assert (entries(rig, "web"), entries(rig, "api")) == ([(81, api)], [(80, web)])
    assert rig.plan(circle) == []
    assert rig.up(line).ok().writes == ["RevokeSecurityGroupIngress"], "only the call back is gone"
    assert (entries(rig, "web"), entries(rig, "api")) == ([], [(80, web)])
    assert not {"security_group_ingress/web", "security_group_ingress/api"} & rig.state().records.keys()
    assert rig.plan(line) == []
    rig.down().ok()
