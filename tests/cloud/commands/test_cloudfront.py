"""HTTPS without a domain: CloudFront in front of an internal load balancer, from `up` to `down`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.crash.cuts import AtCall
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.policies import enforce, policies
from tests.cloud.project import Project, project, ready_image  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
EDGE = f"""
project = "ecs-sample"
env = "dev"

[network]
zones = 2
allow = ["0.0.0.0/0"]

[cloudfront]

[services.web]
image = "{REGISTRY}/web:1"
port = 80
public = true
"""


@pytest.fixture
def edge(project: Project) -> Project:  # noqa: F811
    """A project behind CloudFront, whose image is there."""
    project.write(EDGE)
    ready_image(project.cloud, "web")
    return project


def distribution(here: Project) -> dict[str, Any]:
    """Return the only distribution of the account."""
    (one,) = here.cloud.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    return dict(one)


def test_a_whole_life(edge: Project) -> None:
    before = edge.inventory()
    shown = edge.run("up", "--yes")
    one = distribution(edge)
    url = f"https://{one['DomainName']}"
    assert (one["Status"], one["Enabled"]) == ("Deployed", True)
    assert f"On AWS the URL would be {url}." in shown.out
    assert edge.run("output", "url").out.strip() == url
    assert edge.run("status", "--json").document["url"] == url
    (balancer,) = edge.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert (balancer["Scheme"], one["Origins"]["Items"][0]["DomainName"]) == ("internal", balancer["DNSName"])
    assert edge.planned() == {}
    edge.down()
    assert difference(before, edge.inventory(), *NEVER_REMOVED) == {}
