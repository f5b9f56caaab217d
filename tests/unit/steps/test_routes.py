"""The listeners and rules of the load balancer: by HTTP, by HTTPS, and by both."""

from __future__ import annotations

from typing import Any

import pytest

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.config.models import Config
from provisioner.resources.elbv2.listeners import Listener, ListenerRule, redirect_to
from provisioner.steps import offline
from provisioner.steps.stack import Stack, run

WEB = {"image": "nginx:1", "port": 80, "public": True}
API = {"image": "nginx:1", "port": 81, "public": True, "path": "/api/*"}
CLEAR = "without dns.domain there is no HTTPS"


def declared(**tables: Any) -> Stack:
    config = Config.model_validate({"services": {"web": WEB, "api": API}, **tables})
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
