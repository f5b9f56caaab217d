"""The declarations of a stack behind CloudFront."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.operations.planning import step_run
from provisioner.steps.stack import Stack
from tests.unit.steps.test_capacity_steps import FACTS

ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1a2b"


def declared(egress: str = "none", **cloudfront: Any) -> Stack:
    """Return the stack of a public service behind CloudFront."""
    tables = {
        "network": {"allow": ["0.0.0.0/0"], "egress": egress},
        "cloudfront": cloudfront,
        "services": {"web": {"image": "nginx:1", "port": 80, "public": True}},
    }
    facts = replace(FACTS, allow=(), cloudfront_prefix_list="pl-edge")
    return step_run.declare(Config.model_validate(tables), facts)


def of(stack: Stack, address: str) -> Any:
    return stack.declared[address].resource


@pytest.mark.parametrize("egress", ["none", "public", "nat"])
def test_the_balancer_is_in_private_subnets_without_routes_out(egress: str) -> None:
    stack = declared(egress)
    balancer = of(stack, "load_balancer/main")
    assert balancer.scheme == "internal"
    assert all("subnet/private-" in subnet for subnet in balancer.subnets)
    assert ("subnet/public-a" in stack.declared) == (egress != "none")
    assert "internet_gateway/main" in stack.declared
    if egress != "nat":
        assert of(stack, "route_table/private").routes == {}


def test_only_cloudfronts_servers_are_let_in() -> None:
    (rule,) = of(declared(), "security_group/alb").ingress
    assert (rule["PrefixListId"], rule["FromPort"], rule["ToPort"]) == ("pl-edge", 80, 80)


def test_the_distribution_leads_to_the_balancer() -> None:
    stack = declared()
    origin, edge = of(stack, "vpc_origin/main"), of(stack, "distribution/main")
    assert "load_balancer/main" in origin.endpoint_arn
    assert "vpc_origin/main" in edge.vpc_origin_id
    assert "load_balancer/main" in edge.origin_domain_name
    assert of(stack, "service_linked_role/vpc-origin").role_name == "AWSServiceRoleForCloudFrontVPCOrigin"
    assert not any("in clear" in notice for notice in stack.notices)


def test_settings_become_those_of_the_distribution() -> None:
    plain, chosen = (of(one, "distribution/main") for one in (declared(), declared(cache=True, read_timeout=90)))
    assert plain.cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert chosen.cache_policy_id == "4cc15a8a-d715-48a4-82b8-cc0b614638fe"
    assert (plain.origin_read_timeout, chosen.origin_read_timeout) == (30, 90)
    assert of(declared(waf_acl=ACL), "distribution/main").web_acl_id == ACL


def test_without_the_table_nothing_of_it_is_declared() -> None:
    tables = {"services": {"web": {"image": "nginx:1", "port": 80, "public": True}}}
    stack = step_run.declare(Config.model_validate(tables), FACTS)
    assert not {"vpc_origin/main", "distribution/main", "service_linked_role/vpc-origin"} & stack.declared.keys()
    assert of(stack, "load_balancer/main").scheme == "internet-facing"
