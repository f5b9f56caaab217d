"""The listeners and rules of the load balancer: by HTTP, by HTTPS, and by both."""

from __future__ import annotations

from typing import Any

import pytest

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.config.models import Config
from provisioner.resources.elbv2.actions import redirect_to
from provisioner.resources.elbv2.conditions import host, path
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.steps import offline
from provisioner.steps.stack import Stack, run

WEB = {"image": "nginx:1", "port": 80, "public": True}
API = {"image": "nginx:1", "port": 81, "public": True, "path": "/api/*"}
CLEAR = "without dns.domain there is no HTTPS"


def declared(**tables: Any) -> Stack:
    config = Config.model_validate({"services": {"web": WEB, "api": API}} | tables)
    return run(config, offline.facts(config))


def found(stack: Stack) -> dict[str, str]:
    """Return the listeners and rules by address, with the action of a listener, and the listener of a rule."""
    shown = {}
    for address, item in stack.declared.items():
        one = item.resource
        if isinstance(one, Listener):
            shown[address] = f"{one.protocol} {one.port} {one.default_actions[0]['Type']}"
        elif isinstance(one, ListenerRule):
            shown[address] = one.listener_arn
    return shown


def test_without_a_domain() -> None:
    stack = declared()
    assert found(stack) == {
        "listener/http": "HTTP 80 forward", "listener_rule/api-H": "${listener/http:id}",
    }  # fmt: skip
    assert [text for text in stack.notices if text.startswith(CLEAR)]
    types = {address.partition("/")[0] for address in stack.declared}
    assert not types & {"certificate", "validation_record", "delegation", "hosted_zone", "record_set"}
    assert not [text for text in declared(load_balancer={"http": True}).notices if text.startswith(CLEAR)]


def test_with_a_domain() -> None:
    stack = declared(dns={"domain": "example.com"})
    assert found(stack) == {
        "listener/http": "HTTP 80 redirect", "listener/https": "HTTPS 443 forward",
        "listener_rule/api": "${listener/https:id}",
    }  # fmt: skip
    http: Any = stack.declared["listener/http"].resource
    assert http.default_actions == [redirect_to("app.example.com")]
    assert not [text for text in stack.notices if text.startswith(CLEAR)]


def test_both() -> None:
    stack = declared(dns={"domain": "example.com"}, load_balancer={"http": True})
    assert found(stack) == {
        "listener/http": "HTTP 80 forward", "listener/https": "HTTPS 443 forward",
        "listener_rule/api-H": "${listener/http:id}", "listener_rule/api": "${listener/https:id}",
    }  # fmt: skip


@pytest.mark.parametrize(("tables", "ports"), [({}, [80]), ({"dns": {"domain": "example.com"}}, [80, 443])])
def test_only_ports_with_a_listener_are_open(tables: dict[str, Any], ports: list[int]) -> None:
    group: Any = declared(**tables).declared["security_group/alb"].resource
    assert [rule["FromPort"] for rule in group.ingress] == ports


def test_ecs_shifts_between_the_groups_of_the_http_rule() -> None:
    stack = declared(services={"web": {**WEB, "deployment": "canary"}})
    assert found(stack) == {
        "listener/http": "HTTP 80 fixed-response", "listener_rule/web-H": "${listener/http:id}",
    }  # fmt: skip
    service: Any = stack.declared["service/web"].resource
    advanced = service.load_balancers[0]["advancedConfiguration"]
    assert advanced["productionListenerRule"] == "${listener_rule/web-H:id}"


def test_rules_ask_for_hosts_once_a_service_has_some() -> None:
    with_hosts = {"web": WEB, "api": API, "shop": {**WEB, "hosts": ["shop", "@"]}}
    stack = declared(dns={"domain": "example.com"}, services=with_hosts)
    plain, asked = rules(declared(dns={"domain": "example.com"})), rules(stack)
    assert found(stack) == {
        "listener/http": "HTTP 80 redirect", "listener/https": "HTTPS 443 forward",
        "listener_rule/api": "${listener/https:id}",
        "listener_rule/shop": "${listener/https:id}", "listener_rule/shop-H": "${listener/http:id}",
    }  # fmt: skip
    assert asked["api"].priority == plain["api"].priority
    assert asked["api"].conditions == [host("app.example.com"), path("/api/*")]
    assert asked["shop"].conditions == [host("shop.example.com", "example.com")]
    # by HTTP a name leads to itself, and any other one to the stack's
    assert asked["shop-H"].actions == [redirect_to("#{host}")]
    http: Any = stack.declared["listener/http"].resource
    assert http.default_actions == [redirect_to("app.example.com")]


def test_each_name_has_a_record_and_a_certificate_of_its_own() -> None:
    services = {"web": {**WEB, "hosts": ["*", "@", "shop.example.org"]}}
    stack = declared(dns={"domain": "example.com"}, services=services)
    listed = {address for address in stack.declared if address.partition("/")[0] in NAMED}
    assert listed == {
        "certificate/_.example.com", "certificate/example.com", "certificate/shop.example.org",
        # a wildcard's proof is that of the name without it
        "validation_record/example.com", "validation_record/shop.example.org",
        "listener_certificate/_.example.com", "listener_certificate/shop.example.org",
        "record_set/_.example.com", "record_set/example.com", "record_set/shop.example.org",
        "delegation/example.com", "delegation/example.org",
    }  # fmt: skip
    assert {name: rule.conditions for name, rule in rules(stack).items() if not name.endswith("-H")} == {
        "web": [host("example.com", "shop.example.org")], "web-W": [host("*.example.com")],
    }  # fmt: skip


def test_existing_certificates_are_shown_and_none_is_requested() -> None:
    arn = "arn:aws:acm:ap-northeast-1:123456789012:certificate/"
    stack = declared(dns={"domain": "example.com", "certificate": [f"{arn}a", f"{arn}b"]})
    listed = {address for address in stack.declared if address.partition("/")[0] in NAMED}
    assert listed == {"listener_certificate/b", "record_set/app.example.com", "delegation/example.com"}
    https: Any = stack.declared["listener/https"].resource
    assert https.certificate_arn == f"{arn}a"


def test_new_tasks_are_tried_with_all_certificates() -> None:
    tried = {**WEB, "hosts": ["a", "b"], "deployment": {"strategy": "blue-green", "test_port": 8443}}
    stack = declared(dns={"domain": "example.com"}, services={"web": tried})
    assert {address for address in stack.declared if address.startswith("listener_certificate/")} == {
        "listener_certificate/b.example.com", "listener_certificate/test-8443-b.example.com",
    }  # fmt: skip
    assert rules(stack)["web-T"].conditions == rules(stack)["web"].conditions


def test_by_http_the_load_balancers_own_name_answers_as_before() -> None:
    services = {"web": WEB, "api": API, "shop": {**WEB, "hosts": ["shop"]}}
    stack = declared(dns={"domain": "example.com"}, load_balancer={"http": True}, services=services)
    found = rules(stack)
    assert found["api-H"].conditions == [host("${load_balancer/main:dns_name}", "app.example.com"), path("/api/*")]
    assert found["api"].conditions == [host("app.example.com"), path("/api/*")]
    assert found["shop-H"].conditions == found["shop"].conditions == [host("shop.example.com")]


NAMED = ("certificate", "validation_record", "listener_certificate", "record_set", "delegation")


def rules(stack: Stack) -> dict[str, ListenerRule]:
    """Return the rules by name."""
    every = ((address.partition("/")[2], item.resource) for address, item in stack.declared.items())
    return {name: one for name, one in every if isinstance(one, ListenerRule)}
