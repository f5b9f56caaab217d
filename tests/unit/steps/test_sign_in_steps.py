"""The declarations of sign-ins at the load balancer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.config.facts import ExistingListener
from provisioner.config.models import Config
from provisioner.config.secrets import Held, Secret
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.planning import step_run
from provisioner.steps.stack import Stack
from tests.unit.steps.test_capacity_steps import FACTS

ARN = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
PROVIDER = {
    "issuer": "https://login.example.org",
    "authorization_endpoint": "https://login.example.org/authorize",
    "token_endpoint": "https://login.example.org/token",
    "user_info_endpoint": "https://login.example.org/userinfo",
    "client_id": "web",
    "client_secret": "COMPANY",
}
WEB = {"image": "nginx:1", "port": 80, "public": True, "sign_in": "company"}
HELD = {Secret("own", "COMPANY"): Held("arn:aws:ssm:x:1:parameter/ecs-sample-dev/secrets/COMPANY", "2026-12-02/3")}


def declared(services: dict[str, Any], facts: Any = FACTS, **tables: Any) -> Stack:
    config = {"dns": {"domain": "example.com"}, "services": services, "sign_in": {"company": PROVIDER}, **tables}
    return step_run.declare(Config.model_validate(config), replace(facts, secrets=HELD))


def of(stack: Stack, address: str) -> Any:
    return stack.declared[address].resource


def test_the_default_action_signs_in_and_http_redirects() -> None:
    stack = declared({"web": WEB})
    secure, plain = of(stack, "listener/https"), of(stack, "listener/http")
    assert (secure.sign_in["ClientId"], secure.sign_in["SessionCookieName"]) == (
        "web",
        "AWSELBAuthSessionCookie-company",
    )
    assert secure.secret_place == "ssm:/ecs-sample-dev/secrets/COMPANY"
    assert secure.secret_version.startswith("2026-12-02/3 ")
    assert (plain.sign_in, plain.default_actions[0]["Type"]) == (None, "redirect")
    assert any("https://app.example.com/oauth2/idpresponse" in one for one in stack.notices)


def test_the_balancer_is_let_out_to_the_provider_alone() -> None:
    out = of(declared({"web": WEB}), "security_group_egress/alb").rules
    assert [(one["FromPort"], one.get("CidrIpv4")) for one in out] == [(80, None), (443, "0.0.0.0/0")]
    without = {key: value for key, value in WEB.items() if key != "sign_in"}
    plain = step_run.declare(
        Config.model_validate({"dns": {"domain": "example.com"}, "services": {"web": without}}), FACTS
    )
    assert [one["FromPort"] for one in of(plain, "security_group_egress/alb").rules] == [80]


def test_open_paths_have_a_rule_before_the_service_own() -> None:
    admin = {**WEB, "path": "/admin/*", "sign_in_except": ["/admin/up"]}
    stack = declared({"web": {**WEB, "sign_in_except": ["/hooks/*"]}, "admin": admin})
    own, open_, of_whole = (of(stack, f"listener_rule/{name}") for name in ("admin", "admin-O", "web-O"))
    assert (own.sign_in["Scope"], open_.sign_in, of_whole.sign_in) == ("openid", None, None)
    assert open_.priority < own.priority
    assert [one["Values"] for one in open_.conditions] == [["/admin/up"]]
    assert own.actions == open_.actions
    assert of_whole.conditions == [{"Field": "path-pattern", "Values": ["/hooks/*"]}]


def test_each_host_of_a_service_has_its_callback() -> None:
    stack = declared({"web": {**WEB, "hosts": ["www", "@"]}})
    (said,) = [one for one in stack.notices if "register with" in one]
    assert "https://www.example.com/oauth2/idpresponse and https://example.com/oauth2/idpresponse" in said


@pytest.mark.parametrize("protocol", ["HTTP", "HTTPS"])
def test_a_listener_of_others_has_to_be_one_of_https(protocol: str) -> None:
    listener = ExistingListener(ARN, "shared.elb.example", "Z1", protocol, 443, ("sg-1",))
    tables = {"network": {"vpc": "vpc-0a1b2c3d4e5f67890"}, "load_balancer": {"listener": ARN}}
    facts = replace(FACTS, listener=listener)
    if protocol == "HTTP":
        with pytest.raises(ConfigurationError, match=r"services\.web\.sign_in needs HTTPS"):
            declared({"web": WEB}, facts, **tables)
        return
    stack = declared({"web": WEB}, facts, **tables)
    assert of(stack, "listener_rule/web").sign_in["Issuer"] == "https://login.example.org"
    assert any("port 443" in one for one in stack.notices)
