"""A stack in a VPC that was there: it uses that, and leaves it as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import enforce, policies
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.vpcs import Place, make

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
STACK = """
project = "ecs-sample"
env = "dev"
network = {{ vpc = "{vpc}"{more} }}
dns = {{ domain = "example.com" }}
{tables}
[services.web]
image = "{registry}/web:1"
port = 8080
public = true
calls = ["api"]

[services.api]
image = "{registry}/api:1"
port = 9000

[services.worker]
image = "{registry}/worker:1"
"""
ZONES = ("ap-northeast-1a", "ap-northeast-1c")


@dataclass
class Theirs:
    """Somebody's VPC: two zones with a public and a private subnet each."""

    cloud: EmbeddedCloud
    vpc: str
    public: list[str]
    private: list[str]

    def seen(self) -> dict[str, Any]:
        """All that EC2 shows of it."""
        ec2, of_vpc = self.cloud.client("ec2"), [{"Name": "vpc-id", "Values": [self.vpc]}]
        subnets = ec2.describe_subnets(Filters=of_vpc)["Subnets"]
        return {
            "vpc": ec2.describe_vpcs(VpcIds=[self.vpc])["Vpcs"],
            "subnets": [{k: v for k, v in one.items() if k != "AvailableIpAddressCount"} for one in subnets],
            "routes": ec2.describe_route_tables(Filters=of_vpc)["RouteTables"],
            "gateways": ec2.describe_internet_gateways()["InternetGateways"],
            "nat": ec2.describe_nat_gateways()["NatGateways"],
            "endpoints": ec2.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"],
            "groups": ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"],
        }

    def free_addresses(self) -> dict[str, int]:
        found = self.cloud.client("ec2").describe_subnets(SubnetIds=[*self.public, *self.private])["Subnets"]
        return {one["SubnetId"]: one["AvailableIpAddressCount"] for one in found}


def their_vpc(cloud: EmbeddedCloud, *, nat: bool, dns: bool = True) -> Theirs:
    """Make a VPC as other tools do, with tags of its own."""
    ec2 = cloud.client("ec2")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "copilot-application", "Value": "shop"}]}]
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": dns})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets = [
        ec2.create_subnet(VpcId=vpc, AvailabilityZone=zone, CidrBlock=f"172.20.{n}.0/24")["Subnet"]["SubnetId"]
        for n, zone in enumerate((*ZONES, *ZONES))
    ]
    public, private = subnets[:2], subnets[2:]
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    for table, of in zip(tables, (public, private), strict=True):
        for subnet in of:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.create_route(RouteTableId=tables[0], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    if nat:
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = ec2.create_nat_gateway(SubnetId=public[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
        await_nat(cloud, made)
        ec2.create_route(RouteTableId=tables[1], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made)
    return Theirs(cloud, vpc, public, private)


def await_nat(cloud: EmbeddedCloud, nat: str) -> None:
    ec2 = cloud.client("ec2")
    cloud.wait(lambda: ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"] == "available", "NAT")


def written(project: Project, theirs: Theirs, more: str = "", tables: str = "") -> None:  # noqa: F811
    project.write(STACK.format(vpc=theirs.vpc, more=more, tables=tables, registry=REGISTRY))


def services_of(project: Project) -> dict[str, dict[str, Any]]:  # noqa: F811
    found = project.cloud.client("ecs").describe_services(cluster="ecs-sample-dev", services=["web", "api", "worker"])
    return {one["serviceName"]: one["networkConfiguration"]["awsvpcConfiguration"] for one in found["services"]}


def test_a_stack_lives_in_a_vpc_that_was_there(project: Project) -> None:  # noqa: F811
    theirs = their_vpc(project.cloud, nat=True)
    before, free = theirs.seen(), theirs.free_addresses()
    written(project, theirs, tables="[database]")
    made = project.up().results
    theirs_to_make = {"vpc", "subnet", "route_table", "internet_gateway", "vpc_endpoint", "default_security_group"}
    assert not {address for address in made if address.partition("/")[0] in theirs_to_make}
    assert {one["assignPublicIp"] for one in services_of(project).values()} == {"DISABLED"}
    assert {tuple(sorted(one["subnets"])) for one in services_of(project).values()} == {tuple(sorted(theirs.private))}
    (balancer,) = project.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert {one["SubnetId"] for one in balancer["AvailabilityZones"]} == {*theirs.public}
    assert project.planned() == {}

    project.down()
    assert (theirs.seen(), theirs.free_addresses()) == (before, free)


def test_sleep_leaves_its_endpoints_and_nat_gateways(project: Project) -> None:  # noqa: F811
    theirs = their_vpc(project.cloud, nat=True)
    service = "com.amazonaws.ap-northeast-1.sqs"
    project.cloud.client("ec2").create_vpc_endpoint(
        VpcId=theirs.vpc, ServiceName=service, VpcEndpointType="Interface", SubnetIds=theirs.private
    )
    written(project, theirs)
    project.up()
    names = ("routes", "nat", "endpoints")
    before = {name: theirs.seen()[name] for name in names}
    said = project.run("sleep", "--endpoints", "--nat", "--balancer", "--yes").err
    assert "--endpoints: this stack has no interface endpoints" in said
    assert "--nat: this stack has no NAT gateways" in said
    assert {name: theirs.seen()[name] for name in names} == before
    assert project.planned() == {}
    project.run("wake")
    assert project.planned() == {}


def test_tasks_get_public_addresses_where_that_is_said(project: Project) -> None:  # noqa: F811
    theirs = their_vpc(project.cloud, nat=False)
    before = theirs.seen()
    written(project, theirs, ', egress = "public"')
    project.up()
    found = services_of(project)
    assert {one["assignPublicIp"] for one in found.values()} == {"ENABLED"}
    assert {tuple(sorted(one["subnets"])) for one in found.values()} == {tuple(sorted(theirs.public))}
    (project.state / "local" / "ecs-sample-dev" / "state.json").unlink()
    project.run("recover", "--yes", code=0)
    assert project.planned() == {}
    project.down()
    assert theirs.seen() == before


def test_the_printed_policy_is_enough_and_makes_no_vpc(project: Project) -> None:  # noqa: F811
    theirs = their_vpc(project.cloud, nat=True)
    written(project, theirs)
    project.run("policy", "--create-boundary")
    found = policies(project.config)
    assert "ec2:CreateVpc" not in str(found)
    enforce(project.cloud, *found)
    project.up()
    assert project.planned() == {}
    project.down()
    enforce(project.cloud)
    assert len(theirs.seen()["groups"]) == 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (', cidr = "10.0.0.0/16"', ["network.cidr: has no effect with network.vpc"]),
        (", zones = 3", ["network.zones: has no effect with network.vpc"]),
        (', egress = "nat"', ["network.egress:", "would change vpc-"]),
        (
            ', subnets = { public = ["subnet-0123456789"] }',
            ["network.subnets.public has subnet-0123456789", "use its own"],
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_with_it_is_refused(project: Project, more: str, told: list[str]) -> None:  # noqa: F811
    theirs = their_vpc(project.cloud, nat=False)
    since = project.last_call()
    written(project, theirs, more)
    ended = project.run("up", "--yes", code=4)
    for words in told:
        assert words in ended.err
    assert project.writes(since) == []


def test_it_is_rehearsed_without_that_vpc(project: Project) -> None:  # noqa: F811
    theirs = their_vpc(project.cloud, nat=True)
    written(project, theirs)
    first = project.run("rehearse", "up", "--json").document
    assert first["passes"], first
    assert any(f"{theirs.vpc} has 2 public subnets" in note for note in first["notes"])
    project.up()
    project.change(r"^port = 8080$", "port = 8081")
    again = project.run("rehearse", "up", "--json").document
    assert again["passes"], again
    assert [run["outages"] for run in again["runs"]] == [[]]


def test_doctor_counts_the_addresses_of_its_subnets(project: Project) -> None:  # noqa: F811
    small = {f"private-{one}": Place(one, f"10.0.9.{n * 16}/28", "nat") for n, one in enumerate("ac")}
    public = {f"public-{one}": Place(one, f"10.0.{n}.0/24", "igw") for n, one in enumerate("ac")}
    vpc = make(project.cloud, {**public, **small})
    written(project, Theirs(project.cloud, vpc.id, [], []))
    project.change(r"^port = 9000$", "port = 9000\ncount = 20")
    found = [one for one in project.done("doctor", "--json").document["checks"] if one["check"] == "room"]
    assert {one["verdict"] for one in found} == {"warning"}
    assert all("has 11 free addresses" in one["text"] for one in found)
    assert found[0]["fix"].endswith("name others in network.subnets")


def test_doctor_looks_at_it(project: Project) -> None:  # noqa: F811
    theirs = their_vpc(project.cloud, nat=False)
    written(project, theirs)
    found = {one["check"]: one for one in project.done("doctor", "--json").document["checks"]}
    assert found["vpc"]["verdict"] == "failed"
    assert found["vpc"]["text"].endswith("and no endpoint of ssmmessages, ecr.api, ecr.dkr, logs, s3")
    written(project, theirs, ', egress = "public"')
    found = {one["check"]: one for one in project.done("doctor", "--json").document["checks"]}
    assert found["vpc"]["verdict"] == "ok"
