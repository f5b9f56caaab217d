"""Services at a listener that others own: the stack adds rules and target groups, and touches nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.listeners import Shared, shared
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.rehearsals import rehearsed, temporary  # noqa: F401

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


def test_without_a_domain_paths_and_whole_names(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud, "HTTP")
    theirs.rule(7, paths=("/*",))
    api = f'[services.api]\nimage = "{REGISTRY}/api:1"\nport = 9000\npublic = true\nhosts = ["api.example.org"]\n'
    write(project, theirs, 'path = ["/web/*", "/web"]', api, dns="")
    made = project.up().results
    assert not kinds(made) & {"record_set", "delegation", "hosted_zone"}
    name = theirs.elb.describe_load_balancers(LoadBalancerArns=[theirs.balancer])["LoadBalancers"][0]["DNSName"]
    assert project.run("output", "url_api").out.strip() == "http://api.example.org"
    assert project.run("output", "url_web").out.strip() == f"http://{name}/web/"
    assert all(int(one["Priority"]) <= 7 for one in theirs.rules().values())
    assert project.planned() == {}


def test_a_lost_state_is_found_again(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    theirs.rule(50, hosts=("*.example.com",))
    write(project, theirs)
    project.up()
    before = theirs.seen()
    for file in (project.state / "local" / "ecs-sample-dev").iterdir():
        file.unlink()
    project.run("recover", "--yes")
    assert project.planned() == {}
    project.down()
    assert len(theirs.rules()) == 1
    assert {arn: one for arn, one in before["rules"].items() if arn in theirs.rules()} == theirs.rules()


def test_the_listener_and_its_vpc_have_stand_ins_on_the_embedded_cloud(project: Project) -> None:  # noqa: F811
    arn = "arn:aws:elasticloadbalancing:ap-northeast-1:210987654321:listener/app/team/50dc6c495c0c9188/f2f7dc8efc522ab2"
    text = STACK.format(vpc="vpc-0a1b2c3d4e5f67890", listener=arn, registry=REGISTRY, web="", more="", dns=DOMAIN)
    project.write(text)
    said = project.up()
    assert "the embedded cloud has a stand-in: vpc-0a1b2c3d4e5f67890 has 2 public subnets" in said.out + said.err
    assert f"{arn} answers by HTTPS, with a certificate for app.example.com" in said.out + said.err
    assert project.planned() == {}
    project.down()


def test_a_rehearsal_assumes_the_listener(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    write(project, theirs)
    project.up()
    new = f'[services.api]\nimage = "{REGISTRY}/api:1"\nport = 9000\npublic = true\npath = "/api/*"\n'
    write(project, theirs, more=new)
    document = rehearsed(project)
    [run] = document["runs"]
    assert (run["problems"], run["outages"]) == ([], [])
    assert [one for one in document["notes"] if theirs.arn in one and "has no rules of others" in one]
    assert project.planned()["listener_rule/api"]["action"] == "create"
    project.up()
    write(project, theirs)
    [run] = rehearsed(project)["runs"]
    assert run["problems"] == []
    assert [(one["url"]) for one in run["outages"]] == []
    [run] = rehearsed(project, "down")["runs"]
    assert run["problems"] == []
