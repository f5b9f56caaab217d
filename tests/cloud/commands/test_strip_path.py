"""A service that does not get the beginning of its path: on a standing stack, and after its rule was changed."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.resources.elbv2.conditions import without_beginning
from tests.cloud import world
from tests.cloud.project import Project, project  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/api:1"
STACK = f"""
project = "ecs-sample"
env = "dev"
network = {{ allow = ["127.0.0.1/32"], egress = "public" }}

[services.api]
image = "{IMAGE}"
port = 8080
public = true
path = ["/api", "/api/*"]
"""


def the_rule(project: Project) -> Any:  # noqa: F811
    elb = project.cloud.client("elbv2")
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return next(one for one in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] if not one["IsDefault"])


def test_the_beginning_goes_and_comes_back(project: Project) -> None:  # noqa: F811
    project.write(STACK)
    project.up()
    assert not the_rule(project).get("Transforms")
    project.write(f"{STACK}strip_path = true\n")
    assert project.planned()["listener_rule/api-H"]["changes"].keys() == {"transforms"}
    project.up()
    assert the_rule(project)["Transforms"] == without_beginning("/api")
    assert project.planned() == {}
    found = the_rule(project)
    asked = [{"Field": one["Field"], "PathPatternConfig": one["PathPatternConfig"]} for one in found["Conditions"]]
    elb = project.cloud.client("elbv2")
    elb.modify_rule(RuleArn=found["RuleArn"], Conditions=asked, ResetTransforms=True)
    assert project.planned()["listener_rule/api-H"]["changes"].keys() == {"transforms"}
    project.up()
    assert the_rule(project)["Transforms"] == without_beginning("/api")
    project.write(STACK)
    project.up()
    assert (project.planned(), bool(the_rule(project).get("Transforms"))) == ({}, False)
    project.down()


def test_a_new_service_gets_it_so_from_its_first_request(project: Project) -> None:  # noqa: F811
    project.write(f"{STACK}strip_path = true\n")
    project.up()
    assert the_rule(project)["Transforms"] == without_beginning("/api")
    assert project.planned() == {}
    for file in (project.state / "local" / "ecs-sample-dev").iterdir():
        file.unlink()
    project.run("recover", "--yes")
    assert project.planned() == {}
