"""Elastic Load Balancing's resource types, beyond the contract: lag, others' resources, protection, certificates."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioner.engine.declaration import Handle, ids, ready
from provisioner.resources.acm.certificates import Certificate
from provisioner.resources.acm.validation import ValidationRecord
from provisioner.resources.ec2.network import InternetGateway, Subnet, Vpc
from provisioner.resources.ec2.security import OPEN, SecurityGroup
from provisioner.resources.elbv2.actions import answer, forward, redirect_to
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.conditions import path
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.steps.stack import Stack
from tests.cloud.faults.life import set_faults
from tests.cloud.resources.test_resources_route53 import zone_of
from tests.cloud.rig import Rig

NAME = "ecs-sample-dev"
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def declared(stack: Stack) -> Handle:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    gateway = stack.ensure(InternetGateway("main", vpc.id))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", block))
        for zone, block in (("a", "10.0.0.0/20"), ("c", "10.0.16.0/20"))
    ]
    group = stack.ensure(SecurityGroup("alb", vpc.id, f"{NAME}-alb", "Balancer", [], [OPEN]))
    balancer = stack.ensure(LoadBalancer("main", NAME, ids(subnets), [group.id]), after=[ready(gateway)])
    web = stack.ensure(TargetGroup("web", f"{NAME}-web", vpc.id, "/health"))
    api = stack.ensure(TargetGroup("api", f"{NAME}-api", vpc.id, "/health"))
    stack.ensure(Listener("redirect", balancer.id, 80, "HTTP", [redirect_to("#{host}")]))
    listener = stack.ensure(Listener("web", balancer.id, 8080, "HTTP", [forward(web.id)]))
    stack.ensure(ListenerRule("api", listener.id, 7, [path("/api/*")], [forward(api.id)]))
    return balancer


def test_a_new_resource_waits_until_its_attributes_are_known(rig: Rig) -> None:
    set_faults(rig.cloud, "lag")
    rig.up(declared).ok()
    set_faults(rig.cloud, "")
    assert rig.plan(declared) == []


def test_a_foreign_rule_by_regular_expressions_is_no_trouble(rig: Rig) -> None:
    rig.up(declared).ok()
    elb, records = rig.cloud.client("elbv2"), rig.state().records
    foreign = {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/v[0-9]+/"]}}
    group = str(records["target_group/api"].id)
    made = elb.create_rule(
        ListenerArn=records["listener/web"].id, Priority=3, Conditions=[foreign], Actions=[forward(group)]
    )["Rules"][0]
    assert made["Conditions"] == [foreign]
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    assert rig.down().ok().summary.leftovers == []


@pytest.mark.parametrize(("before", "after"), [("ab", "ba"), ("abc", "bca"), ("ab", "bx"), ("ab", "xa")])
def test_rules_exchange_their_priorities(rig: Rig, before: str, after: str) -> None:
    def routed(places: str) -> Callable[[Stack], None]:
        def declare(stack: Stack) -> None:
            listener = stack.ensure(Listener("paths", declared(stack).id, 81, "HTTP", [answer("404", "not found")]))
            for number, place in enumerate(places):
                to = answer("200", str(number))
                stack.ensure(ListenerRule(str(number), listener.id, ord(place), [path(f"/{place}")], [to]))

        return declare

    rig.up(routed(before)).ok()
    elb, listener = rig.cloud.client("elbv2"), rig.state().records["listener/paths"].id
    arns = [rig.state().records[f"listener_rule/{number}"].id for number in range(len(before))]
    rig.up(routed(after)).ok()
    rules = {rule["RuleArn"]: rule for rule in elb.describe_rules(ListenerArn=listener)["Rules"]}
    assert [rules[arn]["Priority"] for arn in arns] == [str(ord(place)) for place in after]
    assert [rules[arn]["Conditions"][0]["Values"] for arn in arns] == [[f"/{place}"] for place in after]
    assert rig.plan(routed(after)) == []


def test_a_new_rule_gets_its_path_when_all_is_ready(rig: Rig) -> None:
    def further(stack: Stack) -> None:
        listener = Handle("listener/web", Listener)
        declared(stack)
        group = Handle("target_group/api", TargetGroup)
        stack.ensure(ListenerRule("shop", listener.id, 9, [path("/shop/*", "/cart")], [forward(group.id)]))

    assert rig.up(declared).ok().writes.count("CreateRule") == 1, "nobody asks a new listener yet"
    assert rig.up(further).ok().writes == ["CreateRule", "ModifyRule"]
    assert rig.plan(further) == []
    elb, records = rig.cloud.client("elbv2"), rig.state().records
    (rule,) = elb.describe_rules(RuleArns=[records["listener_rule/shop"].id])["Rules"]
    assert rule["Conditions"][0]["Values"] == ["/shop/*", "/cart"]
    # a rule that stood is put back as it was
    elb.delete_rule(RuleArn=rule["RuleArn"])
    assert rig.up(further).ok().writes == ["CreateRule"]
    assert rig.plan(further) == []


def test_a_rule_that_somebody_added_keeps_its_priority(rig: Rig) -> None:
    rig.up(declared).ok()
    elb, records = rig.cloud.client("elbv2"), rig.state().records
    listener, ours = records["listener/web"].id, records["listener_rule/api"].id
    foreign = {
        "ListenerArn": listener,
        "Priority": 9,
        "Conditions": [path("/theirs")],
        "Actions": [redirect_to("#{host}")],
    }
    theirs = elb.create_rule(**foreign)["Rules"][0]["RuleArn"]
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": ours, "Priority": 11}, {"RuleArn": theirs, "Priority": 7}])
    assert "another rule still has this priority" in str(rig.up(declared).failures()["listener_rule/api"])
    priorities = {rule["RuleArn"]: rule["Priority"] for rule in elb.describe_rules(ListenerArn=listener)["Rules"]}
    assert (priorities[ours], priorities[theirs]) == ("11", "7")


def test_somebody_elses_are_refused_and_left_as_they_are(rig: Rig) -> None:
    ec2, elb = rig.cloud.client("ec2"), rig.cloud.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"ap-northeast-1{zone}")["Subnet"]
        for n, zone in enumerate("ac")
    ]
    elb.create_load_balancer(Name=NAME, Subnets=[s["SubnetId"] for s in subnets], Scheme="internal")
    elb.create_target_group(Name=f"{NAME}-web", TargetType="ip", Protocol="HTTP", Port=81, VpcId=vpc)
    up = rig.up(declared)
    assert set(up.refused()) == {"load_balancer/main", "target_group/web"}
    rig.down().ok()
    (balancer,), (group,) = elb.describe_load_balancers()["LoadBalancers"], elb.describe_target_groups()["TargetGroups"]
    assert (balancer["Scheme"], group["Port"]) == ("internal", 81)
    assert elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"] == []


def test_a_protected_balancer_stays(rig: Rig) -> None:
    rig.up(declared).ok()
    elb = rig.cloud.client("elbv2")
    arn = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protection])
    down = rig.down()
    assert "load_balancer/main is protected from deletion" in str(down.summary.error)
    assert down.writes == []
    assert rig.down(unprotect=True).ok().summary.leftovers == []


def test_https_waits_for_the_certificate(rig: Rig) -> None:
    zone, names = zone_of(rig), ["app.example.com"]

    def secure(stack: Stack) -> None:
        balancer = declared(stack)
        certificate = stack.ensure(Certificate("main", names[0], names))
        name, value = certificate.validation_name_0, certificate.validation_value_0
        stack.ensure(ValidationRecord("main", zone, name, "CNAME", resource_records=[value]))
        rest = [answer("404", "not found")]
        stack.ensure(Listener("https", balancer.id, 443, "HTTPS", rest, POLICY, ready(certificate).id))

    # its first users get UnsupportedCertificate for some moments, although it is issued
    rig.up(secure).ok()
    assert rig.up(secure).ok().writes == []
    assert rig.plan(secure) == []
    assert rig.down().ok().summary.leftovers == []
