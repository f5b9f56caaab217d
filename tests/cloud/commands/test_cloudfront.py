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


def forgotten(here: Project) -> None:
    """Lose the stack's state."""
    for path in (here.state / "local").rglob("*"):
        if path.is_file():
            path.unlink()


def test_a_whole_life(edge: Project) -> None:
    before = edge.inventory()
    [run] = edge.run("rehearse", "--json").document["runs"]
    assert (run["problems"], run["outages"]) == ([], [])
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


def test_a_change_of_settings_interrupts_nothing(edge: Project) -> None:
    edge.up()
    edge.change(r"\[cloudfront\]", "[cloudfront]\ncache = true\nread_timeout = 60")
    [run] = edge.run("rehearse", "--json").document["runs"]
    assert (run["problems"], run["outages"]) == ([], [])
    assert {*edge.planned()} == {"distribution/main"}
    edge.up()
    one = distribution(edge)
    assert one["DefaultCacheBehavior"]["CachePolicyId"] == "4cc15a8a-d715-48a4-82b8-cc0b614638fe"
    assert one["Origins"]["Items"][0]["VpcOriginConfig"]["OriginReadTimeout"] == 60
    assert edge.planned() == {}


def test_settings_of_others_stay(edge: Project) -> None:
    edge.up()
    cloudfront, one = edge.cloud.client("cloudfront"), distribution(edge)
    shown = cloudfront.get_distribution_config(Id=one["Id"])
    changed = {**shown["DistributionConfig"], "Comment": "ours", "DefaultRootObject": "index.html"}
    cloudfront.update_distribution(Id=one["Id"], IfMatch=shown["ETag"], DistributionConfig=changed)
    assert {*edge.planned()} == {"distribution/main"}
    edge.up()
    config = cloudfront.get_distribution_config(Id=one["Id"])["DistributionConfig"]
    assert (config["Comment"], config["DefaultRootObject"]) == ("ecs-sample-dev", "index.html")
    assert edge.planned() == {}


def test_a_rehearsed_end_tells_that_the_url_ends(edge: Project) -> None:
    edge.up()
    [run] = edge.run("rehearse", "down", "--json").document["runs"]
    (lost,) = [one for one in run["outages"] if one["url"]]
    assert lost["url"].endswith(".cloudfront.net/*")
    assert lost["until"] is None


MAKING = ("CreateVpcOrigin", "CreateDistributionWithTags")
ENDING = ("UpdateDistribution", "DeleteDistribution", "DeleteVpcOrigin")


@pytest.mark.timeout(1800)
def test_killed_at_each_write_to_cloudfront(edge: Project) -> None:
    before = edge.inventory()
    edge.seconds = 600
    for command, operations in (("up", MAKING), ("down", ENDING)):
        for operation in operations:
            for when in ("before", "after"):
                # after a call whose answer was lost nothing is made or deleted a second time
                AtCall(1, when, f"cloudfront:{operation}")(edge, command)
        edge.run(command, "--yes")
        if command == "up":
            assert distribution(edge)["Enabled"]
            assert len(edge.inventory()["vpc_origins"]) == 1
            assert edge.planned() == {}
    assert difference(before, edge.inventory(), *NEVER_REMOVED) == {}


@pytest.mark.enumeration
@pytest.mark.timeout(3600)
def test_up_and_down_killed_after_each_of_their_writes(edge: Project) -> None:
    before = edge.inventory()
    edge.seconds = 600
    for command in ("up", "down"):
        hits = []
        while hit := AtCall(1, "after")(edge, command):
            hits.append(hit)
        assert len(hits) > 5
        if command == "up":
            assert edge.planned() == {}
            assert distribution(edge)["Enabled"]
    assert difference(before, edge.inventory(), *NEVER_REMOVED) == {}


def test_a_lost_state_is_rebuilt(edge: Project) -> None:
    before = edge.inventory()
    edge.up()
    forgotten(edge)
    edge.run("recover", "--yes")
    assert edge.planned() == {}
    edge.down()
    assert difference(before, edge.inventory(), *NEVER_REMOVED) == {}


def test_the_printed_policy_is_enough(edge: Project) -> None:
    edge.run("policy", "--create-boundary")
    enforce(edge.cloud, *policies(edge.config))
    edge.up()
    edge.change(r"\[cloudfront\]", "[cloudfront]\ncache = true")
    edge.up()
    assert edge.planned() == {}
    edge.run("doctor")
    edge.down()
    enforce(edge.cloud)


def test_a_balancer_that_clients_reach_does_not_become_internal(edge: Project) -> None:
    edge.write(EDGE.replace("[cloudfront]", "[load_balancer]\nhttp = true"))
    edge.up()
    number = edge.last_call()
    edge.write(EDGE)
    refused = edge.run("up", "--yes", code=1)
    assert "cloudfront cannot change from internet-facing to internal (load_balancer/main)" in refused.err
    assert [call for call in edge.cloud.calls(number) if call["write"]] == []
    edge.write(EDGE.replace("[cloudfront]", "[load_balancer]\nhttp = true"))
    edge.down()


def test_the_balancer_stays_while_the_stack_sleeps(edge: Project) -> None:
    edge.up()
    refused = edge.run("sleep", "--balancer", "--yes", code=4)
    assert "a distribution leads to this load balancer by a VPC origin" in refused.err
    edge.run("sleep", "--yes")
    edge.run("wake", "--yes")
    assert edge.planned() == {}
