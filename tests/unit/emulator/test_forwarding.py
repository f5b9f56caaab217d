"""A listener's handling of a request: its rules by priority, target groups by weight."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from ecs_emulator import forwarding


def action(**weights: int | None) -> dict[str, Any]:
    groups = [{"TargetGroupArn": n} | ({} if w is None else {"Weight": w}) for n, w in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def rule(*conditions: dict[str, Any], to: str, default: bool = False) -> Any:
    return SimpleNamespace(
        conditions=conditions, is_default=default, actions=[SimpleNamespace(data=action(**{to: None}))]
    )


def path(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


RULES = [
    rule(path("/api/?", "/v1/*"), to="api"),
    rule({"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.org"]}}, path("/*"), to="org"),
    rule({"Field": "http-header"}, to="never"),
    rule(to="rest", default=True),
]
ELB = SimpleNamespace(describe_rules=lambda listener, arns: RULES)


def test_the_first_rule_that_takes_a_request_has_it() -> None:
    def taken(name: str, path: str) -> str:
        found = forwarding.action_for(ELB, "arn", name, path)
        assert found
        [group] = forwarding.shares(found)
        return group

    assert taken("a.example.com", "/api/x") == "api"
    assert taken("a.example.com", "/api/xy") == "rest"
    assert taken("a.example.org", "/v1/") == "api"
    assert taken("A.Example.org", "/") == "org"
    assert [forwarding.patterns(one) for one in RULES] == [["/api/?", "/v1/*"], ["/*"], [], ["/*"]]


def test_a_rule_for_hosts_takes_all_paths() -> None:
    hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": ["API.example.org", "*.example.net"]}}
    paths = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v1/*"]}}
    whole, part = (SimpleNamespace(is_default=False, conditions=found) for found in ([hosts], [hosts, paths]))
    assert (forwarding.patterns(whole), forwarding.patterns(part)) == (["/*"], ["/v1/*"])
    assert forwarding.hosts(part) == ["api.example.org", "*.example.net"]
    assert forwarding.hosts(SimpleNamespace(is_default=True, conditions=[])) == []


def test_a_group_of_weight_0_gets_nothing() -> None:
    assert forwarding.shares(action(old=0, new=1)) == {"new": 1}
    assert forwarding.shares(action(only=None)) == {"only": 1}
    assert forwarding.shares(action(a=0, b=0)) == {}
    assert forwarding.shares({"Type": "fixed-response"}) == {}


def test_an_entry_draws_by_weight() -> None:
    from ecs_emulator.containers import entry

    drawn = Counter(entry._drawn(action(a=3, b=1, c=0)) for _ in range(4000))
    assert drawn.keys() == {"a", "b"}
    assert 2800 < drawn["a"] < 3200
    assert entry._drawn(action(a=0)) == ""


def test_a_rule_rewrites_the_path_and_keeps_the_query() -> None:
    rewrite = {"Regex": "^/api/?(.*)$", "Replace": "/$1"}
    changed = SimpleNamespace(transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [rewrite]}}])
    asked = ("/api/orders?page=2", "/api", "/other")
    assert [forwarding.rewritten(changed, one) for one in asked] == ["/orders?page=2", "/", "/other"]
    assert forwarding.rewritten(RULES[0], "/api/x") == "/api/x"
