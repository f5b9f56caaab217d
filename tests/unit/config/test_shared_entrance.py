"""The settings of a stack at a listener that others use too."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config import loader
from provisioner.config.models import Config

ARN = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
WEB = {"image": "nginx:1", "port": 80, "public": True}
TABLES: dict[str, Any] = {"network": {"vpc": "vpc-1234567890abcdef0"}, "dns": {"domain": "example.com"}}


def config(web: dict[str, Any] | None = None, /, **tables: Any) -> Config:
    entrance = {"load_balancer": {"listener": ARN}, "services": {"web": {**WEB, **(web or {})}}}
    return Config.model_validate({**TABLES, **entrance, **tables})


def said(web: dict[str, Any] | None = None, /, **tables: Any) -> str:
    with pytest.raises((ValidationError, loader.Inconsistent)) as caught:
        config(web, **tables)
    return str(caught.value)


def test_names_and_no_https_of_its_own() -> None:
    found = config()
    assert (found.listener, found.names, found.named, found.https) == (ARN, ("app.example.com",), True, False)
    bare = config({"hosts": ["shop.example.org"]}, dns={})
    assert (bare.names, bare.named, bare.whole_names) == (("shop.example.org",), False, ())
    assert config({"path": "/shop/*"}, dns={}).names == ()
    assert config({"public": False}, load_balancer={}).listener is None


@pytest.mark.parametrize(
    ("web", "tables", "text"),
    [
        ({}, {"network": {}}, "sends requests into the VPC of its load balancer only: add network.vpc"),
        ({}, {"network": {"vpc": "vpc-1234567890abcdef0", "allow": ["0.0.0.0/0"]}}, "its owner decides from where"),
        ({}, {"dns": {}}, "takes all requests of load_balancer.listener, those for others too"),
        ({"hosts": ["shop"]}, {"dns": {}}, '"shop" needs dns.domain: write a whole name'),
        ({"public": False}, {}, "has no effect, as no service has public = true"),
        ({"deployment": {"strategy": "canary", "test_port": 8443}}, {}, "needs a listener of the stack's own"),
        ({}, {"dns": {"domain": "example.com", "certificate": f"{ARN[:11]}acm{ARN[31:58]}"}}, "certificate"),
        (
            {},
            {"load_balancer": {"listener": ARN.replace("listener/", "loadbalancer/")}},
            "is not the ARN of a listener",
        ),
        ({}, {"load_balancer": {"listener": ARN.replace("/app/", "/net/")}}, "is not the ARN of a listener"),
        ({}, {"region": "eu-west-1"}, "it is in ap-northeast-1, but the stack is in eu-west-1"),
        ({}, {"account": {"id": "210987654321"}}, "is of account 123456789012, and account.id is 210987654321"),
        ({"path": ["/a", "/b", "/c", "/d", "/e"]}, {}, "a rule takes 4 beside the stack's public name"),
    ],
)
def test_what_does_not_go_together_is_refused(web: dict[str, Any], tables: dict[str, Any], text: str) -> None:
    assert text in said(web, **tables)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("http", True),
        ("idle_timeout", 90),
        ("tls_policy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
        ("access_logs", True),
    ],
)
def test_settings_of_the_load_balancer_are_its_owners(key: str, value: Any) -> None:
    text = f"is a setting of the load balancer, which load_balancer.listener leaves to its owner: remove {key}"
    assert text in said(load_balancer={"listener": ARN, key: value})


def test_five_paths_fit_where_no_host_is_asked_for() -> None:
    assert config({"path": ["/a", "/b", "/c", "/d", "/e"]}, dns={}).public["web"].path
