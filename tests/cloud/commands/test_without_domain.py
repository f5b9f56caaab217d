"""A public service without a domain: by HTTP under the load balancer's name, to a domain, and back."""

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
CLEAR = f"""
project = "ecs-sample"
env = "dev"

[network]
zones = 2

[services.web]
image = "{REGISTRY}/web:1"
port = 80
public = true

[services.api]
image = "{REGISTRY}/web:1"
port = 80
public = true
path = "/api/*"
"""
DOMAIN = '\n[dns]\ndomain = "example.com"\n'
BOTH = f"{DOMAIN}\n[load_balancer]\nhttp = true\n"
REDIRECTS = "at the end of `up`: clients that follow no redirects lose it"
ENDS = "https://app.example.com will not answer any more"


@pytest.fixture
def clear(project: Project) -> Project:  # noqa: F811
    """A project without a domain, whose image is there."""
    project.write(CLEAR)
    ready_image(project.cloud, "web")
    return project


def own(here: Project) -> str:
    """Return the URL with the load balancer's own name."""
    (balancer,) = here.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return f"http://{balancer['DNSName']}"


def listeners(here: Project) -> dict[int, dict[str, Any]]:
    """Return the load balancer's listeners by port."""
    elb = here.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    found = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return {one["Port"]: one for one in found}


def moved(here: Project, text: str, *told: str) -> list[tuple[str, str, bool]]:
    """Rehearse a change and make it; return the URLs that are down meanwhile, why, and whether for good."""
    here.write(text)
    planned = here.run("plan", "--json", code=2)
    for sentence in told:
        assert sentence in planned.out + planned.err, sentence
    [run] = here.run("rehearse", "--json").document["runs"]
    here.up()
    assert here.planned() == {}
    return [(one["url"], one["why"], one["until"] is None) for one in run["outages"]]


def test_a_whole_life(clear: Project) -> None:
    before = clear.inventory()
    [run] = clear.run("rehearse", "--json").document["runs"]
    assert (run["problems"], run["outages"]) == ([], [])
    shown = clear.run("up", "--yes")
    url = own(clear)
    assert (
        "without dns.domain there is no HTTPS: 127.0.0.1/32 may send requests by HTTP, in clear"
        in shown.err + shown.out
    )
    assert f"On AWS the URL would be {url}." in shown.out
    assert clear.run("output", "url").out.strip() == url
    assert clear.run("status", "--json").document["url"] == url
    assert clear.planned() == {}
    assert {port: one["DefaultActions"][0]["Type"] for port, one in listeners(clear).items()} == {80: "forward"}
    number = clear.last_call()
    clear.run("doctor")
    asked = {call["service"] for call in clear.cloud.calls(number)}
    assert "acm" not in asked
    clear.down()
    assert difference(before, clear.inventory(), *NEVER_REMOVED) == {}


def test_to_a_domain_and_back(clear: Project) -> None:
    clear.up()
    url = own(clear)
    assert moved(clear, CLEAR + DOMAIN, f"{url} redirects to https://app.example.com", REDIRECTS) == []
    to = listeners(clear)[80]["DefaultActions"][0]["RedirectConfig"]
    assert (to["Protocol"], to["Host"], to["StatusCode"]) == ("HTTPS", "app.example.com", "HTTP_301")
    assert clear.run("output", "url").out.strip() == "https://app.example.com"
    assert own(clear) == url
    lost = moved(clear, CLEAR, ENDS)
    assert {(name, for_good) for name, _, for_good in lost} == {
        ("https://app.example.com/*", True), ("https://app.example.com/api/*", True),
    }  # fmt: skip
    assert clear.run("output", "url").out.strip() == url
    assert [*listeners(clear)] == [80]
    assert clear.cloud.client("acm").list_certificates()["CertificateSummaryList"] == []


@pytest.mark.enumeration
@pytest.mark.timeout(1200)
def test_both_moves_killed_after_each_of_their_writes(clear: Project) -> None:
    clear.up()
    for text in (CLEAR + DOMAIN, CLEAR):
        clear.write(text)
        hits = []
        while hit := AtCall(1, "after")(clear, "up"):
            hits.append(hit)
        assert len(hits) > 5
        assert clear.planned() == {}
    assert [*listeners(clear)] == [80]
    clear.down()


def test_http_answers_while_a_new_zone_waits_for_its_delegation(clear: Project) -> None:
    clear.up()
    clear.write(f'{CLEAR}\n[dns]\ndomain = "shop.example.org"\ncreate_zone = true\n')
    clear.up(code=3)
    assert {port: one["DefaultActions"][0]["Type"] for port, one in listeners(clear).items()} == {80: "forward"}
    clear.run("cloud", "delegate", "shop.example.org")
    clear.up()
    assert clear.run("output", "url").out.strip() == "https://app.shop.example.org"
    assert clear.planned() == {}


def test_by_both_for_a_while(clear: Project) -> None:
    clear.up()
    assert moved(clear, CLEAR + BOTH) == []
    assert {port: one["DefaultActions"][0]["Type"] for port, one in listeners(clear).items()} == {
        80: "forward", 443: "forward",
    }  # fmt: skip
    assert moved(clear, CLEAR + DOMAIN, REDIRECTS) == []


def test_to_a_domain_with_traffic_that_ecs_shifts(clear: Project) -> None:
    """ECS moves the traffic of another rule from then on, which is a deployment of the service."""
    shifted = CLEAR.replace('path = "/api/*"', 'path = "/api/*"\ndeployment = "blue-green"')
    clear.write(shifted)
    clear.up()
    assert moved(clear, shifted + DOMAIN, REDIRECTS) == []
    clear.down()


def test_the_printed_policy_is_enough(clear: Project) -> None:
    clear.run("policy", "--create-boundary")
    found = policies(clear.config)
    assert "acm:RequestCertificate" not in str(found)
    enforce(clear.cloud, *found)
    clear.up()
    clear.write(CLEAR + DOMAIN)
    named = policies(clear.config)
    enforce(clear.cloud, *named)
    clear.up()
    # the new file's policy cannot delete the name: the former one stays attached
    clear.write(CLEAR)
    enforce(clear.cloud, *found, *named)
    clear.up()
    enforce(clear.cloud, *found)
    assert clear.planned() == {}
    clear.down()
    enforce(clear.cloud)


def test_a_sleep_without_the_load_balancer_changes_the_url(clear: Project) -> None:
    clear.up()
    before = own(clear)
    assert "its URL is another one" in clear.run("sleep", "--balancer", "--yes").err
    assert clear.run("status", "--json").document["url"] == ""
    woken = clear.run("wake", "--yes")
    assert own(clear) != before
    assert f"the URL is {own(clear)}" in woken.out + woken.err
    assert clear.run("output", "url").out.strip() == own(clear)
    assert clear.planned() == {}


def test_a_lost_state_is_rebuilt(clear: Project) -> None:
    clear.up()
    clear.lose_state()
    clear.run("recover", "--yes")
    assert clear.planned() == {}
    clear.down()
