"""Other people's resources in the stack's network are named at once, and not waited for: nothing takes them away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.engine.errors import Blocked
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rig import Rig

SOON = 60.0
"""Seconds of AWS's clock within which a teardown that nothing can end has to end."""


def network(stack: Stack) -> None:
    """A network of the stack: a VPC, a subnet and a group."""
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    stack.ensure(Subnet("a", vpc.id, "ap-northeast-1a", "10.0.0.0/20"))
    stack.ensure(SecurityGroup("web", vpc.id, "web", "Web", [], []))


Make = Callable[[Any, str], str]


def group(ec2: Any, vpc: str) -> str:
    return str(ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc)["GroupId"])


def subnet(ec2: Any, vpc: str) -> str:
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.64.0/20")["Subnet"]["SubnetId"])


def table(ec2: Any, vpc: str) -> str:
    return str(ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"])


def endpoint(ec2: Any, vpc: str) -> str:
    service = "com.amazonaws.ap-northeast-1.s3"
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, VpcEndpointType="Gateway")
    return str(made["VpcEndpoint"]["VpcEndpointId"])


REMOVE: dict[str, Callable[[Any, str], Any]] = {
    "security group": lambda ec2, one: ec2.delete_security_group(GroupId=one),
    "subnet": lambda ec2, one: ec2.delete_subnet(SubnetId=one),
    "route table": lambda ec2, one: ec2.delete_route_table(RouteTableId=one),
    "endpoint": lambda ec2, one: ec2.delete_vpc_endpoints(VpcEndpointIds=[one]),
}
MAKE: dict[str, Make] = {"security group": group, "subnet": subnet, "route table": table, "endpoint": endpoint}


def blocked(rig: Rig, address: str) -> str:
    """Return the error of a resource that somebody keeps, of a teardown that ends soon."""
    began = rig.cloud.time()
    error = rig.down().failures()[address]
    assert isinstance(error, Blocked), error
    assert rig.cloud.time() - began < SOON
    return str(error)


def vpc_of(cloud: EmbeddedCloud) -> str:
    """Return the stack's VPC."""
    filters = [{"Name": "cidr", "Values": ["10.0.0.0/16"]}]
    (found,) = cloud.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]
    return str(found["VpcId"])


@pytest.mark.parametrize("word", MAKE)
def test_each_of_them_is_named_at_once(rig: Rig, word: str) -> None:
    rig.up(network).ok()
    ec2 = rig.cloud.client("ec2")
    made = MAKE[word](ec2, vpc_of(rig.cloud))
    text = blocked(rig, "vpc/main")
    assert f"not this stack's: {word} {made}" in text
    assert "same command again" in text
    REMOVE[word](ec2, made)
    rig.cloud.advance(600)
    rig.down().ok()


def test_all_of_them_are_named_together(rig: Rig) -> None:
    rig.up(network).ok()
    ec2, vpc = rig.cloud.client("ec2"), vpc_of(rig.cloud)
    ec2.create_tags(Resources=[table(ec2, vpc)], Tags=[{"Key": "Name", "Value": "by-hand"}])
    made = [make(ec2, vpc) for word, make in MAKE.items() if word != "route table"]
    text = blocked(rig, "vpc/main")
    assert all(one in text for one in (*made, "(theirs)", "(by-hand)"))


def test_an_endpoint_in_a_subnet_of_the_stack_is_named(rig: Rig) -> None:
    rig.up(network).ok()
    ec2, vpc = rig.cloud.client("ec2"), vpc_of(rig.cloud)
    (ours,) = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.ap-northeast-1.logs",
        VpcEndpointType="Interface",
        SubnetIds=[ours["SubnetId"]],
        PrivateDnsEnabled=False,
    )["VpcEndpoint"]["VpcEndpointId"]
    rig.cloud.advance(300)
    assert f"endpoint {made}" in blocked(rig, "subnet/a")


def test_a_group_whose_rule_names_a_group_of_the_stack_is_named(rig: Rig) -> None:
    rig.up(network).ok()
    ec2, vpc = rig.cloud.client("ec2"), vpc_of(rig.cloud)
    theirs = group(ec2, vpc)
    ours = rig.state().records["security_group/web"].id
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": ours}]}
    ec2.authorize_security_group_ingress(GroupId=theirs, IpPermissions=[rule])
    assert f"security group {theirs} (theirs)" in blocked(rig, "security_group/web")


def test_what_aws_takes_away_by_itself_is_waited_for(rig: Rig) -> None:
    rig.up(network).ok()
    ec2, vpc = rig.cloud.client("ec2"), vpc_of(rig.cloud)
    managed = group(ec2, vpc)
    ec2.create_tags(Resources=[managed], Tags=[{"Key": "AmazonECSManaged", "Value": "true"}])
    error = rig.down().failures()["vpc/main"]
    assert not isinstance(error, Blocked)
