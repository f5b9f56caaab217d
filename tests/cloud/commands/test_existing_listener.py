"""Services at a listener that others own: the stack adds rules and target groups, and touches nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.listeners import Shared, shared
from tests.cloud.project import Project, project  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
STACK = """
project = "ecs-sample"
env = "dev"
network = {{ vpc = "{vpc}" }}
load_balancer = {{ listener = "{listener}" }}
{dns}
[services.web]
image = "{registry}/web:1"
port = 8080
public = true
{web}
{more}
"""
DOMAIN = 'dns = { domain = "example.com" }'
OWNERS = {
    "load_balancer",
    "listener",
    "certificate",
    "listener_certificate",
    "validation_record",
    "web_acl_association",
}
OWN_PARTS = {"target_group", "listener_rule", "record_set"}


def write(project: Project, theirs: Shared, web: str = "", more: str = "", dns: str = DOMAIN) -> None:  # noqa: F811
    text = STACK.format(vpc=theirs.vpc.id, listener=theirs.arn, registry=REGISTRY, web=web, more=more, dns=dns)
    project.write(text)


def kinds(addresses: Any) -> set[str]:
    return {address.partition("/")[0] for address in addresses}


def test_a_stack_lives_at_a_listener_that_was_there(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    first = theirs.rule(10, hosts=("shop.example.com",))
    last = theirs.rule(100, hosts=("*.example.com",))
    before = theirs.seen()
    write(project, theirs)
    made = project.up().results
    assert not kinds(made) & OWNERS
    assert kinds(made) >= OWN_PARTS
    [own] = [one for arn, one in theirs.rules().items() if arn not in (first, last)]
    assert 10 < int(own["Priority"]) < 100
    assert [one["Values"] for one in own["Conditions"]] == [["app.example.com"]]
    assert {arn: theirs.rules()[arn] for arn in (first, last)} == before["rules"]
    assert project.planned() == {}
    assert project.run("output", "url").out.strip() == "https://app.example.com"

    project.down()
    assert theirs.seen() == before
