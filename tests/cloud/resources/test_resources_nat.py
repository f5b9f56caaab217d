"""NAT gateways, beyond the contract: a gateway that AWS accepts and cannot make."""

from __future__ import annotations

from provisioner.resources.ec2.nat import ElasticIp, NatGateway
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig


def declared(stack: Stack) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    subnet = stack.ensure(Subnet("a", vpc.id, "ap-northeast-1a", "10.0.0.0/20"))
    address = stack.ensure(ElasticIp("nat"))
    stack.ensure(NatGateway("nat", subnet.id, address.id))


def test_a_gateway_that_aws_cannot_make_is_told_with_its_reason(rig: Rig) -> None:
    """There is no internet gateway; AWS accepts the NAT gateway, and shows it as failed for an hour."""
    failures = rig.up(declared).failures()
    assert list(failures) == ["nat_gateway/nat"]
    vpc = rig.state().records["vpc/main"].id
    assert f"Network {vpc} has no Internet gateway attached (Gateway.NotAttached)" in str(failures["nat_gateway/nat"])
    ec2 = rig.cloud.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert rig.up(declared).ok().summary.counts == {"created": 1, "unchanged": 3}
