"""A stack that sleeps without its interface endpoints, NAT gateways or load balancer, and has them again afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import AtCall, AtStateStep, Cut
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.policies import enforce
from tests.cloud.project import SMALL, Project, ready_image, web_acl

pytestmark = [pytest.mark.slow, world.EMPTY]

IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
NAT = """
egress = "nat"
"""
MORE = f"""
[services.api]
image = "{IMAGE}"
port = 80
public = true
path = "/api/*"
scaling = {{ min = 1, max = 3, requests = 100 }}

[services.shop]
image = "{IMAGE}"
port = 80
public = true
path = "/shop/*"
deployment = {{ strategy = "blue-green", bake_minutes = 1 }}

[services.worker]
image = "{IMAGE}"
launch = "ec2"

[alarms]
email = ["ops@example.com"]
"""
PARTS = ("--endpoints", "--nat", "--balancer")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """An empty directory."""
    here = Project(cloud, tmp_path)
    yield here
    here.close()


def interfaces(project: Project) -> list[str]:
    """The services that interface endpoints lead to."""
    found = project.cloud.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    return sorted(one["ServiceName"].rpartition(".")[2] for one in found if one["VpcEndpointType"] == "Interface")


def ways_out(project: Project) -> list[str]:
    """The NAT gateways that are there; each has an address, and there are no others."""
    ec2 = project.cloud.client("ec2")
    gateways = [one for one in ec2.describe_nat_gateways()["NatGateways"] if one["State"] == "available"]
    assert len(ec2.describe_addresses()["Addresses"]) == len(gateways)
    return [one["NatGatewayId"] for one in gateways]


def routes(project: Project) -> list[str]:
    """Return the NAT gateways that routes lead to, there or not."""
    tables = project.cloud.client("ec2").describe_route_tables()["RouteTables"]
    return [route["NatGatewayId"] for table in tables for route in table["Routes"] if "NatGatewayId" in route]


def balancers(project: Project) -> list[str]:
    """The load balancers' DNS names."""
    return [one["DNSName"] for one in project.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]]


def groups(project: Project) -> dict[str, list[str]]:
    """The health of the targets, by target group's ARN."""
    elb = project.cloud.client("elbv2")
    arns = [one["TargetGroupArn"] for one in elb.describe_target_groups()["TargetGroups"]]

    def health(arn: str) -> list[str]:
        shown = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return [one["TargetHealth"]["State"] for one in shown]

    return {arn: health(arn) for arn in arns}


def weights(project: Project) -> dict[str, int]:
    """Return the weights of the one rule with two target groups."""
    elb = project.cloud.client("elbv2")
    arn = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    rules = [rule for one in listeners for rule in elb.describe_rules(ListenerArn=one["ListenerArn"])["Rules"]]
    shared = [rule["Actions"][0].get("ForwardConfig", {}).get("TargetGroups", ()) for rule in rules]
    (both,) = (some for some in shared if len(some) > 1)
    return {one["TargetGroupArn"]: one["Weight"] for one in both}


def remembered(project: Project) -> dict[str, int]:
    """The same, as the state has it while the load balancer is gone."""
    document = json.loads((project.state / "local" / NAME / "state.json").read_text())
    records = document["records"]["sleeping_part/balancer"]["arguments"]["records"]
    (action,) = records["listener_rule/shop"]["arguments"]["actions"]
    return {one["TargetGroupArn"]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}


def answer(project: Project) -> tuple[str, int]:
    """Return Route 53's answer for the public name: the code, and the number of addresses."""
    route53 = project.cloud.client("route53")
    zones = [one for one in route53.list_hosted_zones()["HostedZones"] if one["Name"] == "example.com."]
    told = route53.test_dns_answer(HostedZoneId=zones[0]["Id"], RecordName="app.example.com", RecordType="A")
    return told["ResponseCode"], len(told["RecordData"])


def notices(project: Project, *words: str) -> str:
    """Return the notes of a command."""
    return " ".join(one["text"] for one in project.run(*words, "--json").said("notice"))


def test_endpoints_go_and_come_again(project: Project) -> None:
    project.write(SMALL)
    project.up()
    before = interfaces(project)
    assert len(before) > 2
    told = notices(project, "sleep", "--endpoints", "--yes")
    assert "`provision wake` takes about 2 minutes" in told
    assert "vpc_endpoint" not in told
    assert interfaces(project) == []
    assert project.planned() == {}
    note = "the stack is asleep: `provision wake` starts it again, and makes its interface endpoints again"
    assert note in project.run("plan").out
    assert note in project.run("status", "--json").document["notes"]
    said = project.run("run", "frontend", "--", "true", code=4).err
    assert "asleep without its interface endpoints, so no task can start" in said
    project.run("wake")
    assert interfaces(project) == before
    clean(project)


def test_all_goes_and_serves_again_as_before(project: Project) -> None:
    project.write(SMALL + NAT + MORE)
    project.up()
    first = weights(project)
    ready_image(project.cloud, "other")
    project.run("deploy", "shop", "--image", IMAGE.replace("frontend", "other"))
    serving, shares, name = groups(project), weights(project), balancers(project)
    assert shares != first
    assert answer(project) == ("NOERROR", 3)
    since = project.last_call()
    said = project.run("sleep", *PARTS, code=4).err
    assert "this stack has no interface endpoints" in said
    assert "app.example.com leads nowhere, and does not answer" in said
    assert "after `wake` they leave by other public addresses than" in said
    assert "and deletes nat_gateway/a, elastic_ip/nat-a, load_balancer/main, listener/" in said
    assert project.writes(since) == []

    told = notices(project, "sleep", *PARTS, "--yes")
    assert "AWS goes on charging" not in told
    assert "15 to 20 minutes" not in told
    assert (ways_out(project), routes(project), balancers(project)) == ([], [], [])
    assert groups(project) == {arn: [] for arn in serving}
    assert remembered(project) == shares
    project.cloud.advance(60)
    assert answer(project) == ("NXDOMAIN", 0)
    assert not project.cloud.client("ecs").list_container_instances(cluster=NAME)["containerInstanceArns"]

    assert project.planned() == {}
    (note,) = project.run("status", "--json").document["notes"]
    assert note.endswith("and makes its NAT gateways and load balancer again")
    for words in ("up --yes", "deploy", "scale api 3", "rollback api", "pause --yes"):
        assert "the stack is asleep: run `provision wake`" in project.run(*words.split(), code=4).err
    checks = {one["check"]: one["text"] for one in project.run("doctor", "--json", code=1).document["checks"]}
    assert note in checks["state"]
    assert "1 more needed" in checks["quota NAT gateways per zone"]
    project.run("recover", "--yes")
    assert project.planned() == {}

    told = notices(project, "wake")
    assert balancers(project) != name
    assert f"the load balancer is a new one, {balancers(project)[0]}" in told
    assert "leave by new public addresses" in told
    after, now = groups(project), weights(project)
    assert [after[arn] for arn, weight in now.items() if weight] == [["healthy"]]
    assert {a: health for a, health in after.items() if a not in now} == {
        a: serving[a] for a in serving if a not in now
    }
    assert routes(project) == ways_out(project) != []
    project.cloud.advance(60)
    assert answer(project) == ("NOERROR", 3)
    clean(project)


def test_recover_finds_the_deleted_parts_and_wake_makes_them(project: Project) -> None:
    project.write(SMALL + NAT + MORE)
    project.up()
    project.run("sleep", *PARTS, "--yes")
    shutil.rmtree(project.state / "local" / NAME)
    project.run("recover", "--yes")
    assert project.planned() == {}
    assert "makes its NAT gateways and load balancer again" in project.run("plan").out

    project.run("wake")
    assert project.planned() == {}
    assert routes(project) == ways_out(project) != []
    after, now = groups(project), weights(project)
    assert [after[arn] for arn, weight in now.items() if weight] == [["healthy"]]
    project.cloud.advance(60)
    assert answer(project) == ("NOERROR", 3)
    clean(project)


def test_a_part_that_recover_could_not_tell_is_made_by_up(project: Project) -> None:
    project.write(SMALL)
    project.up()
    project.run("sleep", "--endpoints", "--balancer", "--yes")
    shutil.rmtree(project.state / "local" / NAME)
    project.write(SMALL + MORE.partition("[services.shop]")[0])
    project.run("recover", "--yes")
    project.run("wake")
    project.up()
    assert project.planned() == {}
    clean(project)


def test_one_after_the_other_and_then_down(project: Project) -> None:
    project.write(SMALL)
    project.up()
    before = interfaces(project)
    project.run("sleep", "--yes")
    assert balancers(project)
    project.run("sleep", "--balancer", "--yes")
    assert not balancers(project)
    assert interfaces(project) == before
    project.run("sleep", "--endpoints", "--yes")
    assert project.planned() == {}
    project.run("wake")
    assert interfaces(project) == before
    clean(project)
    project.run("sleep", *PARTS, "--yes")
    project.down()
    assert not project.cloud.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Project", "Values": ["*"]}])["Vpcs"]
    project.up()
    clean(project)


def test_a_protected_stack_sleeps_and_is_protected_again(project: Project) -> None:
    acl = web_acl(project.cloud, "beforehand")
    project.write(f'protect = true\nload_balancer = {{ access_logs = true, waf_acl = "{acl}" }}\n' + SMALL)
    project.up()
    since = project.last_call()
    refused = project.run("sleep", "--balancer", "--yes", code=1).err
    assert "the stack is protected from deletion (protect = true)" in refused
    assert "`provision sleep --balancer --unprotect`" in refused
    assert project.writes(since) == []
    assert len(balancers(project)) == 1
    project.run("sleep", "--balancer", "--yes", "--unprotect")
    assert not balancers(project)
    assert "--unprotect" in project.run("down", "--yes", code=1).err
    assert project.planned() == {}
    project.run("wake")
    clean(project)
    assert "--unprotect" in project.run("down", "--yes", code=1).err


def test_what_others_have_put_on_the_balancer_keeps_it(project: Project) -> None:
    project.write(SMALL)
    project.up()
    elb = project.cloud.client("elbv2")
    arn = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    text = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "mine"}
    action = {"Type": "fixed-response", "FixedResponseConfig": text}
    made = elb.create_listener(LoadBalancerArn=arn, Port=8080, Protocol="HTTP", DefaultActions=[action])
    listener = made["Listeners"][0]["ListenerArn"]
    since = project.last_call()
    assert f"{listener} would go with the load balancer" in project.run("sleep", "--balancer", "--yes", code=4).err
    assert project.writes(since) == []
    elb.delete_listener(ListenerArn=listener)
    project.run("sleep", "--balancer", "--yes")
    project.run("wake")
    clean(project)


def test_the_printed_policy_is_enough(project: Project) -> None:
    project.write(SMALL + NAT + MORE)
    project.up()
    policies = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(project.cloud, *policies)
    project.run("sleep", *PARTS, "--yes")
    project.run("wake")
    clean(project)


def rounds(project: Project, cut: Cut, parts: str) -> int:
    """Sleep and wake, each cut short and run again; return how many of the two were cut."""
    hits = 0
    for command, asleep in ((f"sleep --yes {parts}", True), ("wake", False)):
        hits += bool(cut(project, command))
        project.run(*command.split())
        found = interfaces(project) + ways_out(project) + balancers(project)
        assert bool(found) is not asleep, f"{command} {cut}"
        assert project.planned() == {}, f"{command} {cut}"
    return hits


@pytest.mark.parametrize(("egress", "when"), [("", "after"), (NAT, "before")], ids=["endpoints", "nat"])
def test_what_is_killed_at_any_call_goes_on(project: Project, egress: str, when: str) -> None:
    project.write(SMALL + egress)
    project.up()
    number, hits = 1, 1
    while hits:
        hits = rounds(project, AtCall(number, when), " ".join(PARTS))
        number += 1
    assert number > 8
    clean(project)


def test_a_torn_journal_and_a_wake_that_up_ends(project: Project) -> None:
    project.write(SMALL)
    project.up()
    for step in (1, 2, 4, 6):
        assert rounds(project, AtStateStep("journal", step, "torn"), " ".join(PARTS)), step
    project.run("sleep", *PARTS, "--yes")
    assert AtCall(4, "after")(project, "wake")
    project.up()
    clean(project)
    assert not [one for one in project.run("state", "list").out.split() if one.startswith("sleeping")]
