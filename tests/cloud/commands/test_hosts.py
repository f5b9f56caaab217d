"""Services with hosts of their own: their names, certificates and rules, and changes of them without an outage."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud import world
from tests.cloud.conftest import REGION
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.policies import enforce, policies
from tests.cloud.project import Project, project, ready_image  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
BASE = f"""
project = "ecs-sample"
env = "dev"

[network]
zones = 2

[dns]
domain = "example.com"

[services.web]
image = "{IMAGE}"
port = 80
public = true
"""
SHOP = f"""
[services.shop]
image = "{IMAGE}"
port = 80
public = true
path = "/shop/*"
"""
ONE = BASE + SHOP


def api(hosts: str, path: str = "/*") -> str:
    """Return the table of a service with hosts."""
    return f'\n[services.api]\nimage = "{IMAGE}"\nport = 80\npublic = true\nhosts = {hosts}\npath = "{path}"\n'


@pytest.fixture
def here(project: Project) -> Project:  # noqa: F811
    """A project whose image is there, in an account with a second public zone."""
    project.write(ONE)
    ready_image(project.cloud, "web")
    zones = [{"id": "ZEXAMPLEORG", "domain": "example.org"}]
    control.put_unmanaged(project.cloud.process, {"region": REGION, "zones": zones, "delegated": ["example.org"]})
    return project


def rules(here: Project) -> dict[tuple[str, ...], str]:
    """Return the HTTPS listener's rules: their priorities by their values."""
    elb = here.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    found = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (arn,) = [one["ListenerArn"] for one in found if one["Protocol"] == "HTTPS"]
    shown = elb.describe_rules(ListenerArn=arn)["Rules"]
    return {tuple(value for c in one["Conditions"] for value in c["Values"]): one["Priority"] for one in shown}


def moved(here: Project, text: str) -> list[tuple[str, bool]]:
    """Rehearse a change and make it; return the URLs that are down meanwhile, and whether for good."""
    here.write(text)
    [run] = here.run("rehearse", "--json").document["runs"]
    assert run["problems"] == []
    here.up()
    assert here.planned() == {}
    return sorted((one["url"], one["until"] is None) for one in run["outages"])


def test_hosts_come_and_go_on_a_standing_stack(here: Project) -> None:
    before = here.inventory()
    here.up()
    first = rules(here)
    assert moved(here, ONE + api('["api", "@", "shop.example.org"]')) == []
    second = rules(here)
    assert second[("app.example.com", "/shop/*")] == first[("/shop/*",)]
    assert ("api.example.com", "example.com", "shop.example.org") in second
    route53 = here.cloud.client("route53")
    records = route53.list_resource_record_sets(HostedZoneId="ZEXAMPLEORG")["ResourceRecordSets"]
    assert "shop.example.org." in {one["Name"] for one in records if one["Type"] == "A"}
    # one host less, and a path: what is gone is told, everything else answers
    assert moved(here, ONE + api('["api", "shop.example.org"]', "/v1/*")) == [("https://example.com/*", True)]
    # of a host that goes, each path: the listener's default action answers paths without a rule
    paths = ("/*", "/shop/*", "/v1/*")
    lost = [f"https://{name}{path}" for name in ("api.example.com", "shop.example.org") for path in paths]
    assert moved(here, ONE) == [(url, True) for url in lost]
    assert rules(here) == first
    here.down()
    assert difference(before, here.inventory(), *NEVER_REMOVED) == {}


def test_all_names_below_the_domain(here: Project) -> None:
    text = BASE.replace("public = true", 'public = true\nhosts = ["app"]') + api('["*"]')
    here.write(BASE)
    here.up()
    assert moved(here, text) == []
    assert [*rules(here)] == [("app.example.com",), ("*.example.com",), ()]
    here.down()


def test_a_name_without_a_zone_is_refused_before_any_write(here: Project) -> None:
    here.write(ONE + api('["shop.example.net"]'))
    number = here.last_call()
    for command in (("plan",), ("up", "--yes")):
        ended = here.run(*command, code=4)
        assert 'hosts has "shop.example.net", but this account has no public hosted zone for it' in ended.err
    assert not [call for call in here.cloud.calls(number) if call["write"]]


def test_each_service_has_a_url(here: Project) -> None:
    here.write(ONE + api('["api"]', "/v1/*"))
    shown = here.run("up", "--yes")
    urls = {
        "web": "https://app.example.com",
        "shop": "https://app.example.com/shop/",
        "api": "https://api.example.com/v1/",
    }
    assert "Without Docker no containers run here. On AWS the URL would be https://app.example.com.\n" in shown.out
    assert here.run("output", "url").out.strip() == urls["web"]
    assert {name: here.run("output", f"url_{name}").out.strip() for name in urls} == urls
    assert here.run("status", "--json").document["urls"] == urls
    assert here.run("status").out.splitlines()[1] == "url  none here, without Docker: on AWS https://app.example.com"


def test_the_printed_policy_is_enough(here: Project) -> None:
    here.write(BASE.replace("public = true", 'public = true\nhosts = ["app"]') + api('["*", "@", "shop.example.org"]'))
    here.run("policy", "--create-boundary")
    enforce(here.cloud, *policies(here.config))
    here.up()
    assert here.planned() == {}
    here.down()
    enforce(here.cloud)


def test_a_lost_state_is_rebuilt(here: Project) -> None:
    here.write(ONE + api('["api", "shop.example.org"]'))
    here.up()
    here.lose_state()
    here.run("recover", "--yes")
    assert here.planned() == {}
    here.down()


def test_from_http_to_hosts(here: Project) -> None:
    clear = ONE.replace('[dns]\ndomain = "example.com"\n', "")
    here.write(clear)
    here.up()
    found: Any = moved(here, ONE + api('["api"]'))
    assert found == []
