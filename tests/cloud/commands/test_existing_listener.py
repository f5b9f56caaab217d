"""Services at a listener that others own: the stack adds rules and target groups, and touches nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud import world
from tests.cloud.crash.cuts import AtCall
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.listeners import PLACES, Shared, shared
from tests.cloud.policies import enforce, policies
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.rehearsals import rehearsed, temporary  # noqa: F401
from tests.cloud.vpcs import Place, make

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


def test_the_listener_and_its_vpc_have_stand_ins_here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.delenv("PROVISION_STAND_INS")
    arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/team/50dc6c495c0c9188/f2f7dc8efc522ab2"
    text = STACK.format(vpc="vpc-0a1b2c3d4e5f67890", listener=arn, registry=REGISTRY, web="", more="", dns=DOMAIN)
    project.write(text)
    said = project.run("up", "--yes")
    assert f"VPC vpc-0a1b2c3d4e5f67890; listener {arn}" in said.out + said.err
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


def test_its_printed_policy_is_enough_for_a_life(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    foreign = theirs.rule(10, hosts=("shop.example.com",))
    write(project, theirs, 'deployment = "canary"')
    project.run("policy", "--create-boundary")
    enforce(project.cloud, *policies(project.config))
    project.up()
    assert project.planned() == {}
    project.change("web:1", "web:2")
    project.up()
    with pytest.raises(ClientError, match="AccessDenied"):
        theirs.elb.delete_rule(RuleArn=foreign)
    with pytest.raises(ClientError, match="AccessDenied"):
        theirs.elb.modify_listener(ListenerArn=theirs.arn, Port=8443)
    project.down()
    enforce(project.cloud)
    assert [*theirs.rules()] == [foreign]


@pytest.mark.parametrize(
    ("hosts", "paths", "said"),
    [
        (("app.example.com",), (), "rule 20 leads app.example.com /* elsewhere already"),
        (("app.example.com",), ("/*",), "rule 20 leads app.example.com /* elsewhere already"),
    ],
)
def test_requests_of_others_are_not_taken(project: Project, hosts: Any, paths: Any, said: str) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    theirs.rule(20, hosts=hosts, paths=paths)
    write(project, theirs)
    before = theirs.seen()
    ended = project.run("up", "--yes", code=4)
    assert said in ended.err
    assert theirs.seen() == before


def test_a_listener_that_does_not_fit_is_refused(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud, certified=("shop.example.com",))
    write(project, theirs)
    assert "certificates for shop.example.com, and not for app.example.com" in project.run("plan", code=4).err

    write(project, theirs, 'hosts = ["shop"]')
    ec2 = project.cloud.client("ec2")
    [group] = ec2.describe_security_groups(GroupIds=[theirs.group])["SecurityGroups"]
    ec2.revoke_security_group_egress(GroupId=theirs.group, IpPermissions=group["IpPermissionsEgress"])
    said = project.run("plan", code=4).err
    assert f"cannot reach port 8080 of service web: no outgoing rule of {theirs.group} allows it" in said
    allowed = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 9000, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_egress(GroupId=theirs.group, IpPermissions=[allowed])
    project.run("plan", code=2)

    theirs.vpc.add(third=Place("d", "10.0.4.0/24", "nat"))
    assert "sends nothing to tasks in" in project.run("plan", code=4).err

    project.change(theirs.vpc.id, make(project.cloud, PLACES).id)
    assert f"sends requests into {theirs.vpc.id}" in project.run("plan", code=4).err


def test_a_standing_stack_keeps_its_load_balancer(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    write(project, theirs)
    project.change(r"load_balancer = .*", "")
    project.up()
    before = project.inventory()
    write(project, theirs)
    assert "has a load balancer of its own, and target groups cannot move" in project.run("plan", code=4).err
    assert project.inventory() == before
    project.down()

    project.up()
    project.change(r"load_balancer = .*", "")
    assert (
        f"answers at {theirs.arn}, and load_balancer.listener is not there any more" in project.run("plan", code=4).err
    )
    project.down()
    assert not theirs.rules()


def test_a_rule_that_was_changed_or_deleted_comes_back(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    foreign = theirs.rule(10, hosts=("shop.example.com",))
    write(project, theirs)
    project.up()
    [own] = theirs.rules().keys() - {foreign}
    place = theirs.rules()[own]["Priority"]
    moved = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["other.example.com"]}}]
    theirs.elb.modify_rule(RuleArn=own, Conditions=moved)
    assert project.planned()["listener_rule/web"]["changes"].keys() == {"conditions"}
    project.up()
    theirs.elb.delete_rule(RuleArn=own)
    project.up()
    [again] = theirs.rules().keys() - {foreign}
    assert (theirs.rules()[again]["Priority"], project.planned()) == (place, {})
    said = project.run("sleep", "--balancer", "--yes", code=4).err
    assert "is not the stack's, and stays: leave the option out" in said
    project.run("sleep", "--yes")
    assert [*theirs.rules()] == [foreign, again]
    project.run("wake")
    assert project.planned() == {}


ELB, DNS = "elasticloadbalancing:", "route53:ChangeResourceRecordSets"


@pytest.mark.timeout(1800)
def test_a_life_killed_at_its_writes_there(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    foreign = theirs.rule(10, hosts=("shop.example.com",))
    before, everything = theirs.seen(), project.inventory()
    api = f'[services.api]\nimage = "{REGISTRY}/api:1"\nport = 9000\npublic = true\npath = "/api/*"\n'
    lives = (
        ("", [f"{ELB}CreateTargetGroup", f"{ELB}CreateRule", DNS, f"{ELB}ModifyRule"]),
        (api, [f"{ELB}CreateRule", f"{ELB}ModifyRule"]),
        ("", [f"{ELB}DeleteRule", f"{ELB}DeleteTargetGroup"]),
    )
    for more, operations in lives:
        write(project, theirs, more=more)
        assert [AtCall(1, "after", one)(project, "up") for one in operations] == operations
        project.up()
        assert project.planned() == {}
        assert len(theirs.rules()) == 2 + bool(more)
        assert theirs.rules()[foreign] == before["rules"][foreign]
    ends = [DNS, f"{ELB}DeleteRule", f"{ELB}DeleteTargetGroup"]
    assert [AtCall(1, "after", one)(project, "down") for one in ends] == ends
    project.down()
    assert theirs.seen() == before
    assert difference(everything, project.inventory(), *NEVER_REMOVED) == {}
