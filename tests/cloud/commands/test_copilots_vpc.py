"""A stack in the VPC of an environment of AWS Copilot: nothing of that changes, wherever `up` and `down` are killed.

It has what the template has that `copilot env package` of Copilot 1.34.1 prints: the same resources, CIDRs and tags.
CloudFormation's own tags (`aws:…`) cannot be set by others and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.cloud.commands.test_existing_vpc import ZONES, Theirs, await_nat, services_of, written
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import MOMENTS, AtCall
from tests.cloud.inventory import NEVER_REMOVED, Inventory, called, difference
from tests.cloud.project import Project, project  # noqa: F401

pytestmark = pytest.mark.slow

TAGS = {"copilot-application": "demo", "copilot-environment": "test"}
NAME = "copilot-demo-test"
COUNTS = frozenset({"AvailableIpAddressCount", "ResourceRecordSetCount"})
"""Counters that change while the stack stands: it uses addresses of their subnets and a record of their zone."""
KILLED_UP = (1, 3, 6, 9, 12)
KILLED_DOWN = (1, 9, 25)
"""Writes at which a command is killed, counted from its beginning."""


def tagged(sort: str, name: str = "") -> list[dict[str, Any]]:
    tags = TAGS | ({"Name": name} if name else {})
    return [{"ResourceType": sort, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def copilots(cloud: EmbeddedCloud, *, private: bool, balanced: bool = True) -> Theirs:
    """Make an environment as Copilot does.

    Args:
        private: with two NAT gateways, which it makes for the first workload that is placed in private subnets. Before
            that those have no route table of their own, but the VPC's main one.
        balanced: with the load balancer that it makes for the first Load Balanced Web Service.
    """
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", NAME))["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": True}})
    gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", NAME))["InternetGateway"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    public, private_ones = (
        [_subnet(ec2, vpc, f"10.0.{first + n}.0/24", ZONES[n], f"{NAME}-{sort}{n}") for n in (0, 1)]
        for first, sort in ((0, "pub"), (2, "priv"))
    )
    for subnet in public:
        ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    _routes(ec2, vpc, public, {"GatewayId": gateway["InternetGatewayId"]}, NAME)
    if private:
        for number, (outside, inside) in enumerate(zip(public, private_ones, strict=True)):
            address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip"))["AllocationId"]
            nat = ec2.create_nat_gateway(
                SubnetId=outside, AllocationId=address, TagSpecifications=tagged("natgateway", f"{NAME}-{number}")
            )["NatGateway"]["NatGatewayId"]
            await_nat(cloud, nat)
            _routes(ec2, vpc, [inside], {"NatGatewayId": nat})
    group = _group(ec2, vpc, "demo-testEnvironmentSecurityGroup", f"{NAME}-env")
    _let_in(ec2, group, {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]})
    if balanced:
        _let_in(ec2, group, {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": _balancer(cloud, vpc, public)}]})
    cloud.client("servicediscovery").create_private_dns_namespace(Name="test.demo.local", Vpc=vpc)
    cloud.client("ecs").create_cluster(clusterName="demo-test-Cluster-1a2b3c4d")
    cloud.advance(300)
    return Theirs(cloud, vpc, public, private_ones)


def _subnet(ec2: Any, vpc: str, block: str, zone: str, name: str) -> str:
    made = ec2.create_subnet(
        VpcId=vpc, CidrBlock=block, AvailabilityZone=zone, TagSpecifications=tagged("subnet", name)
    )
    return str(made["Subnet"]["SubnetId"])


def _routes(ec2: Any, vpc: str, subnets: list[str], way: Mapping[str, str], name: str = "") -> None:
    tags = tagged("route-table", name)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tags)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **way)
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)


def _group(ec2: Any, vpc: str, described: str, name: str) -> str:
    """CloudFormation names a group after the stack and the resource."""
    made = ec2.create_security_group(
        GroupName=f"demo-test-{name}-1A2B3C4D",
        Description=described,
        VpcId=vpc,
        TagSpecifications=tagged("security-group", name),
    )
    return str(made["GroupId"])


def _let_in(ec2: Any, group: str, permission: Mapping[str, Any]) -> None:
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def _balancer(cloud: EmbeddedCloud, vpc: str, subnets: list[str]) -> str:
    """Make the public load balancer, with a listener and a target group that stays empty; return its group."""
    elb, tags = cloud.client("elbv2"), tagged("")[0]["Tags"]
    group = _group(cloud.client("ec2"), vpc, "HTTP access to the public facing load balancer", f"{NAME}-lb-http")
    anybody = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    _let_in(cloud.client("ec2"), group, anybody)
    balancer = elb.create_load_balancer(
        Name="demo-t-Publi-1A2B3C4D", Subnets=subnets, SecurityGroups=[group], Tags=tags
    )
    targets = elb.create_target_group(
        Name="demo-t-Defau-1A2B3C4D", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip", Tags=tags
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": targets}],
    )
    return group


def lacking(before: Inventory, project: Project) -> dict[str, list[str]]:  # noqa: F811
    """Return their resources that are gone or changed, by sort; counters aside."""
    found = difference(_uncounted(before), _uncounted(project.inventory()))
    return {sort: [called(sort, item) for item in one["lacking"]] for sort, one in found.items() if one["lacking"]}


def _uncounted(found: Inventory) -> Inventory:
    return {
        sort: [{key: value for key, value in one.items() if key not in COUNTS} for one in resources]
        for sort, resources in found.items()
    }


@pytest.mark.parametrize("private", [False, True], ids=["public", "nat"])
def test_up_and_down_leave_copilots_vpc_as_it_is(project: Project, private: bool) -> None:  # noqa: F811
    theirs = copilots(project.cloud, private=private)
    before, seen, free = project.inventory(), theirs.seen(), theirs.free_addresses()
    written(project, theirs, "" if private else ', egress = "public"')
    project.up()
    subnets = {*theirs.private} if private else {*theirs.public}
    assert {subnet for one in services_of(project).values() for subnet in one["subnets"]} == subnets
    assert lacking(before, project) == {}
    assert project.planned() == {}
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
    assert (theirs.seen(), theirs.free_addresses()) == (seen, free)


def test_killed_anywhere_it_changes_nothing_of_copilots(project: Project) -> None:  # noqa: F811
    theirs = copilots(project.cloud, private=True)
    before, seen, free = project.inventory(), theirs.seen(), theirs.free_addresses()
    written(project, theirs)
    hits = []
    for command, calls in (("up", KILLED_UP), ("down", KILLED_DOWN)):
        for call in calls:
            for when in MOMENTS:
                hits.append(AtCall(call, when)(project, command))
                assert lacking(before, project) == {}, f"{command} {call} {when}"
        assert project.run(command, "--yes").code == 0
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
    assert (theirs.seen(), theirs.free_addresses()) == (seen, free)
    assert all(hits), hits
