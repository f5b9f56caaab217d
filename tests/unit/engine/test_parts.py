"""Settings that a resource keeps while services roll out, and moves that come before deletions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.execution.replacement import asked_for
from provisioner.engine.parts import rest
from provisioner.engine.resource import Change, Observed, Resource, compare, kept
from provisioner.engine.resource_types import all_types
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ec2.network import RouteTable
from provisioner.resources.ec2.security import MAX_RULES, OPEN, SecurityGroup, SecurityGroupEgress, allow
from provisioner.resources.elbv2.actions import (
    MAX_TARGET_GROUPS,
    answer,
    forward,
    forward_by_ecs,
    normal_action,
    redirect_to,
)
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.conditions import CLOSED, asked, host, normal, path
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.resources.elbv2.target_groups import NEARLY_ANY, TargetGroup
from provisioner.resources.logs import LogGroup
from provisioner.state.model import Record


def as_it_is(desired: Resource, **others: Any) -> Observed:
    """The resource as AWS shows it, with other settings."""
    return Observed("id", desired.fields() | others)


def test_kept_is_what_was_asked_for_and_is_there() -> None:
    assert kept([1, 2], before=[2, 3, 4], live=[2, 3, 5]) == [1, 2, 3]
    assert kept([], before=None, live=[1]) == []


def test_a_problem_is_a_change_that_leaves_no_setting() -> None:
    wanted = LogGroup("web", "/ecs/web", 7)
    bare = replace(as_it_is(wanted, retention_in_days=1), problems={"untagged": True})
    changes = {"retention_in_days": Change(1, 7), "untagged": Change(True, False)}
    assert compare(wanted, bare) == changes
    assert bare.updated({"retention_in_days": 7}) == as_it_is(wanted)
    assert not rest(wanted, replace(wanted), bare), "the first part of a change mends it"


@pytest.mark.parametrize(
    ("recorded", "same"), [({}, True), ({"tagged": True}, True), ({"retention_in_days": 1}, False)]
)
def test_what_was_recorded_beside_settings_says_nothing(recorded: dict[str, Any], same: bool) -> None:
    """Earlier versions recorded further fields: a creation that they began keeps its token."""
    wanted = LogGroup("web", "/ecs/web", 7)
    record = Record("log_group/web", "log_group", "creating", "", None, {**wanted.fields(), **recorded}, {}, [], "")
    assert asked_for(wanted, record) is same


def test_no_versioned_resource_type_has_parts() -> None:
    """The declaration decides whether a revision is the last one (`engine/execution/replacement.py`)."""
    for resource_type in all_types().values():
        if resource_type.versioned:
            assert resource_type.widened is Resource.widened
            assert resource_type.shifted is Resource.shifted


# -- security groups ----------------------------------------------------------------------------------------

OLD, NEW = (allow(port, "load balancer", group="sg-alb") for port in (8080, 8090))


def group(*ingress: Any, egress: Any = ()) -> SecurityGroup:
    return SecurityGroup("web", "vpc-1", "web", "", ingress, egress)


def test_a_former_own_rule_stays_and_a_foreign_one_does_not() -> None:
    foreign = allow(22, "", cidr="0.0.0.0/0")
    live = as_it_is(group(), ingress=[OLD, foreign])
    assert group(NEW).widened({"ingress": [OLD]}, live).ingress == [NEW, OLD]


def test_whom_the_user_shuts_out_is_out_at_once() -> None:
    office, home = (allow(443, "users", cidr=cidr) for cidr in ("192.0.2.0/24", "198.51.100.0/24"))
    live = as_it_is(group(), ingress=[office, home])
    assert group(home).widened({"ingress": [office, home]}, live).ingress == [home]


def test_a_rule_that_is_described_anew_is_not_kept_beside_itself() -> None:
    other = {**OLD, "Description": "service front"}
    live = as_it_is(group(), ingress=[OLD])
    assert group(other).widened({"ingress": [OLD]}, live).ingress == [other]


def test_a_group_that_has_no_room_for_both_is_changed_at_once() -> None:
    old, new = ([allow(port, "", group=f"sg-{n}") for n in range(31)] for port in (80, 81))
    live = as_it_is(group(), ingress=old)
    assert len(old) + len(new) > MAX_RULES
    assert group(*new).widened({"ingress": old}, live).ingress == tuple(new)


def test_what_went_out_stays_also_where_another_resource_said_so() -> None:
    """The last rule of a `SecurityGroupEgress` goes with it, and then the group itself says that nothing goes out."""
    out = allow(443, "endpoints", cidr="10.0.0.0/16")
    live = as_it_is(group(), egress=[out])
    assert group().widened({"ingress": [], "egress": None}, live).egress == [out]
    opened = as_it_is(group(), egress=[OPEN])
    assert group().widened({"ingress": [], "egress": None}, opened).egress == [], "what AWS gives a new group"
    egress = SecurityGroupEgress("web", "sg-1", [NEW])
    assert egress.widened({"rules": [OLD]}, as_it_is(egress, rules=[OLD])).rules == [NEW, OLD]


# -- network ----------------------------------------------------------------------------------------


def test_routes_and_subnets_of_a_table_stay_until_the_end() -> None:
    table = RouteTable("public", "vpc-1", ["a"], {})
    live = as_it_is(table, subnet_ids=["a", "b"], routes={"0.0.0.0/0": "igw-1", "10.9.0.0/16": "pcx-1"})
    wider = table.widened({"subnet_ids": ["a", "b"], "routes": {"0.0.0.0/0": "igw-1"}}, live)
    assert wider.subnet_ids == ["a", "b"]
    assert wider.routes == {"0.0.0.0/0": "igw-1"}, "the other one is somebody else's"


def test_an_endpoint_leaves_a_subnet_at_the_end() -> None:
    endpoint = VpcEndpoint("logs", "vpc-1", "logs", "Interface", subnet_ids=["a"], security_group_ids=["sg-1"])
    live = as_it_is(endpoint, subnet_ids=["a", "b"])
    assert endpoint.widened({"subnet_ids": ["a", "b"]}, live).subnet_ids == ["a", "b"]


def test_a_balancer_leaves_a_subnet_when_the_tasks_have_moved() -> None:
    balancer = LoadBalancer("main", "shop", ["a"], ["sg-1"])
    live = as_it_is(balancer, subnets=["a", "b"])
    before = {"subnets": ["a", "b"], "security_groups": ["sg-1"]}
    assert balancer.widened(before, live).subnets == ["a", "b"]
    assert balancer.shifted(before, live).subnets == ["a"]


# -- traffic ----------------------------------------------------------------------------------------


def weights(resource: Listener | ListenerRule) -> dict[str, int]:
    actions = resource.actions if isinstance(resource, ListenerRule) else resource.default_actions
    (action,) = actions
    return {one["TargetGroupArn"]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}


@pytest.mark.parametrize("former", [1, 7])
def test_a_new_target_group_joins_without_traffic(former: int) -> None:
    rule = ListenerRule("front", "l", 5, [path("/*")], [forward("new")])
    before: dict[str, Any] = {"actions": [forward("old")], "conditions": [path("/*")]}
    first = rule.widened(before, as_it_is(rule, **before))
    assert weights(first) == {"old": 1, "new": 0}
    second = rule.shifted(first.fields(), as_it_is(first))
    assert weights(second) == {"old": 0, "new": 1}
    # killed here, the next run does not move the traffic back
    assert weights(rule.widened(second.fields(), as_it_is(second))) == {"old": 0, "new": 1}
    assert compare(rule, as_it_is(second)).keys() == {"actions"}, "the former group is still to go"


def test_weights_of_a_rule_that_ecs_shifts_are_its_own() -> None:
    wanted = [forward_by_ecs("a", "b")]
    rule = ListenerRule("front", "l", 5, [path("/*")], wanted, weighted_by_ecs=True)
    plain = {"actions": [forward("a")], "conditions": [path("/*")]}
    assert weights(rule.widened(plain, as_it_is(rule, **plain))) == {"a": 1, "b": 0}
    shifted = {"actions": [shares(a=0, b=100)], "conditions": [path("/*")]}
    live = as_it_is(rule, **shifted)
    assert compare(rule, live) == {}
    assert weights(rule.widened({**shifted, "actions": wanted}, live)) == {"a": 0, "b": 100}
    assert compare(rule, as_it_is(rule, actions=[forward("b")])).keys() == {"actions"}, (
        "a group that is gone comes back"
    )


def test_a_rule_that_ecs_shifted_keeps_traffic_until_that_moves() -> None:
    rule = ListenerRule("front", "l", 5, [path("/*")], [forward("a")])
    before = {"actions": [forward_by_ecs("a", "b")], "conditions": [path("/*")]}
    live = as_it_is(rule, actions=[shares(a=0, b=100)])
    assert weights(rule.widened(before, live)) == {"a": 0, "b": 100}
    assert weights(rule.shifted(before, live)) == {"a": 1, "b": 0}


def shares(**weight: int) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": share} for arn, share in weight.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def test_a_full_rule_keeps_the_group_with_traffic() -> None:
    """As after several renames in a row whose new services never became ready."""
    shares = {"a": 0, "b": 0, "old": 1, "y": 0, "z": 0}
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in shares.items()]
    before: dict[str, Any] = {"actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]}
    rule = ListenerRule("front", "l", 5, [path("/*")], [forward("new")])
    first = rule.widened(before, as_it_is(rule, **before))
    assert len(weights(first)) == MAX_TARGET_GROUPS
    assert {arn for arn, weight in weights(first).items() if weight} == {"old"}
    second = rule.shifted(first.fields(), as_it_is(first))
    assert weights(second) == dict.fromkeys(weights(first), 0) | {"new": 1}


def test_a_group_that_somebody_else_added_to_a_rule_goes_at_once() -> None:
    rule = ListenerRule("front", "l", 5, [path("/*")], [forward("new")])
    foreign = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "x", "Weight": 1}]}}]
    assert rule.widened({"actions": [forward("new")]}, as_it_is(rule, actions=foreign)).actions == [forward("new")]


def test_a_target_group_without_a_successor_stays_for_now() -> None:
    listener = Listener("https", "b", 443, "HTTPS", [answer("404", "not found")])
    before = {"default_actions": [forward("old")]}
    live = as_it_is(listener, **before)
    assert listener.widened(before, live).default_actions == [forward("old")]
    assert listener.shifted(before, live).default_actions == listener.default_actions
    assert listener.widened({"default_actions": [answer("503", "")]}, as_it_is(listener)) == listener


def moves(wanted: list[str], former: list[str], live: list[str] | None = None) -> list[Any]:
    """Return the paths of a rule in the three parts of its change."""
    rule = ListenerRule("web", "l", 5, [path(*wanted)], [forward("web")])
    before: dict[str, Any] = {"conditions": [path(*former)], "actions": [forward("web")], "priority": 7}
    there = as_it_is(rule, **{**before, "conditions": [path(*(live or former))]})
    parts = [rule.widened(before, there), rule.shifted(before, there), rule]
    return [part.conditions[0]["Values"] for part in parts]


def test_a_rule_takes_its_new_path_when_traffic_moves() -> None:
    assert moves(["/new/*"], ["/old/*"]) == [["/old/*"], ["/new/*", "/old/*"], ["/new/*"]]
    assert moves(["/a/*", "/b/*"], ["/a/*"]) == [["/a/*"], ["/a/*", "/b/*"], ["/a/*", "/b/*"]]
    assert moves(["/a/*"], ["/a/*", "/b/*"]) == [["/a/*", "/b/*"], ["/a/*", "/b/*"], ["/a/*"]]
    six = [f"/{n}" for n in range(6)]
    assert moves(six[:3], six[3:]) == [six[3:], six[:3], six[:3]], "a rule has room for five"
    assert moves(["/a"], ["/b"], live=["/theirs"]) == [["/a"]] * 3, "what somebody else has set goes at once"


def test_a_rule_keeps_its_place_until_its_longer_path_is_alone() -> None:
    rule = ListenerRule("web", "l", 5, [path("/longer/*")], [forward("web")])
    before = {"conditions": [path("/a/*")], "priority": 9, "actions": [forward("web")]}
    live = as_it_is(rule, **before)
    assert (rule.widened(before, live).priority, rule.shifted(before, live).priority) == (9, 9)
    later = replace(rule, priority=12)
    assert (later.widened(before, live).priority, later.shifted(before, live).priority) == (9, 12)
    drifted = as_it_is(rule, **{**before, "priority": 8})
    assert rule.widened(before, drifted).priority == 5


def test_a_new_rule_takes_no_request_of_a_listener_with_clients() -> None:
    rule = ListenerRule("web", "l", 5, [path("/a/*")], [forward("web")])
    assert rule.begun({"l"}) == rule, "a new listener has no clients yet"
    assert replace(rule, at_once=True).begun(()) == replace(rule, at_once=True)
    closed = rule.begun({"another"})
    assert (closed.conditions, closed.actions) == (CLOSED, rule.actions), "ECS sees its target group"
    live = as_it_is(closed)
    assert rule.widened(closed.recorded(), live).conditions == CLOSED, "after a kill"
    assert rule.widened(live.attributes, live).conditions == CLOSED, "without a state"
    assert rule.shifted(closed.recorded(), live).conditions == rule.conditions


def test_several_values_go_into_the_member_for_them() -> None:
    one = {"Field": "host-header", "Values": ["a.example.com"]}
    assert asked([path("/a"), one]) == [path("/a"), one]
    several = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b"]}}
    assert asked([path("/a", "/b")]) == [several]
    assert normal({**several, "Values": ["/a", "/b"]}) == normal(several) == path("/a", "/b")
    assert (
        normal({"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}})
        == one
        == host("a.example.com")
    )


def test_a_rule_answers_for_its_former_hosts_until_traffic_moves() -> None:
    wanted = [host("api.x.org", "www.x.org")]
    rule = ListenerRule("web", "l", 5, wanted, [forward("web")])
    before = {"conditions": [host("api.x.org", "old.x.org")], "actions": [forward("web")]}
    live = as_it_is(rule, **before)
    assert rule.widened(before, live).conditions == [host("api.x.org", "old.x.org")]
    both = [host("api.x.org", "www.x.org", "old.x.org")]
    assert rule.shifted(before, live).conditions == both
    assert replace(rule, at_once=True).widened(before, live).conditions == both, "the name moves before traffic does"


def test_the_order_of_hosts_and_conditions_means_nothing() -> None:
    wanted = [host("x.org"), path("/b/*")]
    asked_for = [{"Field": "host-header", "Values": ["b.org", "a.org"]}, path("/a/*")]
    rule = ListenerRule("web", "l", 5, wanted, [forward("web")])
    live = as_it_is(rule, conditions=[path("/a/*"), host("a.org", "b.org")])
    assert rule.widened({"conditions": asked_for}, live).conditions == live.attributes["conditions"]
    assert replace(rule, conditions=asked_for).differences(live) == {}


def test_a_new_rule_for_a_host_never_answers_to_nobody() -> None:
    rule = ListenerRule("web", "l", 5, [host("x.org")], [forward("web")])
    closed = rule.begun(())
    assert rule.shifted(closed.recorded(), as_it_is(closed)).conditions == [host("x.org")]


@pytest.mark.parametrize(
    ("former", "wanted", "moving"),
    [
        # a condition more or less: the rule with fewer takes more
        ([path("/a/*")], [host("x.org"), path("/a/*")], [path("/a/*")]),
        ([host("x.org"), path("/a/*")], [path("/a/*")], [path("/a/*")]),
        ([host("x.org"), path("/a/*")], [host("x.org")], [host("x.org")]),
        ([host("x.org"), path("/a/*")], [host("y.org"), path("/a/*")], [host("y.org", "x.org"), path("/a/*")]),
        # what no rule can say moves as a whole
        ([path("/a/*")], [host("x.org")], None),
        ([host("x.org"), path("/a/*")], [host("y.org"), path("/b/*")], None),
        ([host("a.org", "b.org", "c.org")], [host("d.org", "e.org", "f.org")], None),
    ],
)
def test_a_rule_takes_no_more_than_both(former: Any, wanted: Any, moving: Any) -> None:
    rule = ListenerRule("web", "l", 5, wanted, [forward("web")])
    before = {"conditions": former, "actions": [forward("web")], "priority": 9}
    live = as_it_is(rule, **before)
    found = rule.widened(before, live)
    assert (found.conditions, found.priority) == (former, 9)
    # with more than it wants, an earlier place would take the requests of rules between
    place = 9 if moving and moving != wanted else 5
    shifted = replace(rule, conditions=moving or wanted, priority=place, keeps_place=place == 9)
    assert rule.shifted(before, live) == shifted


def test_a_redirect_leads_to_its_former_host_until_traffic_moves() -> None:
    listener = Listener("http", "b", 80, "HTTP", [redirect_to("new.x.org")])
    before = {"default_actions": [redirect_to("old.x.org")]}
    live = as_it_is(listener, **before)
    assert listener.widened(before, live).default_actions == before["default_actions"]
    assert listener.shifted(before, live).default_actions == listener.default_actions
    # somebody else's redirect goes at once
    assert listener.widened({"default_actions": [answer("404", "")]}, live) == listener


def test_a_weighted_action_has_one_normal_form() -> None:
    shown = {
        "Type": "forward",
        "Order": 1,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": "b", "Weight": 0}, {"TargetGroupArn": "a", "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }
    groups = [{"TargetGroupArn": "a", "Weight": 1}, {"TargetGroupArn": "b", "Weight": 0}]
    assert normal_action(shown) == {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    assert normal_action(normal_action(shown)) == normal_action(shown)


def test_tasks_of_both_revisions_are_healthy_as_the_path_changes() -> None:
    wanted = TargetGroup("web", "web", "vpc-1", "/up")
    before = wanted.fields() | {"health_check_path": "/health"}
    wider = wanted.widened(before, as_it_is(wanted, health_check_path="/health"))
    assert (wider.health_check_path, wider.matcher) == ("/up", NEARLY_ANY)
    assert wanted.widened(wider.fields(), as_it_is(wider)) == wider, "after a kill"
    assert wanted.widened(wanted.fields(), as_it_is(wanted, health_check_path="/hacked")) == wanted, "drift"
    calls = replace(wanted, protocol_version="GRPC", matcher="0")
    assert calls.widened(calls.fields() | {"matcher": "12"}, as_it_is(calls, matcher="12")).matcher == "0-99"
