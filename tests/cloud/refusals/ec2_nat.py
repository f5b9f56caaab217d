"""Refusals by EC2 about NAT gateways and their addresses."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import Case, Scene, once
from tests.cloud.refusals.ec2 import CODES, NOWHERE, table
from tests.cloud.refusals.network import gateway, subnets, vpc

IN_USE = "https://github.com/kubernetes/kops/issues/938"
PENDING = "https://github.com/kubernetes/kops/pull/944"
case = partial(Case, "ec2")


@once
def address(scene: Scene, number: int = 0) -> str:
    """The id of a public address."""
    return str(scene.client("ec2").allocate_address(Domain="vpc")["AllocationId"])


@once
def pending(scene: Scene, number: int = 0) -> str:
    """A NAT gateway in the first subnet that has just been asked for."""
    gateway(scene)
    ec2 = scene.client("ec2")
    made = ec2.create_nat_gateway(SubnetId=subnets(scene)[0], AllocationId=address(scene, number))
    return str(made["NatGateway"]["NatGatewayId"])


def _addresses(scene: Scene, number: int) -> list[str]:
    return [address(scene, one) for one in range(number)]


def _one_more_address(scene: Scene, ec2: Any) -> None:
    _addresses(scene, 5)
    ec2.allocate_address(Domain="vpc")


CASES = (
    case("AllocateAddress", "beyond the quota of the Region", "AddressLimitExceeded", CODES, _one_more_address),
    case("ReleaseAddress", "of a NAT gateway", "AuthFailure", IN_USE,
        lambda s, c: (pending(s), c.release_address(AllocationId=address(s)))),
    case("ReleaseAddress", "of an unknown address", "InvalidAllocationID.NotFound", CODES,
        lambda s, c: c.release_address(AllocationId="eipalloc-00000000000000000")),
    case("CreateNatGateway", "in an unknown subnet", "InvalidSubnetID.NotFound", CODES,
        lambda s, c: c.create_nat_gateway(SubnetId=NOWHERE["subnet"], AllocationId=address(s))),
    case("CreateNatGateway", "with an unknown address", "InvalidAllocationID.NotFound", CODES,
        lambda s, c: c.create_nat_gateway(SubnetId=subnets(s)[0], AllocationId="eipalloc-00000000000000000")),
    case("DeleteNatGateway", "of an unknown one", "NatGatewayNotFound", CODES,
        lambda s, c: c.delete_nat_gateway(NatGatewayId="nat-00000000000000000")),
    case("CreateRoute", "to a NAT gateway that is not available yet", "InvalidNatGatewayID.NotFound", PENDING,
        lambda s, c: c.create_route(
            RouteTableId=table(s), DestinationCidrBlock="192.0.2.0/24", NatGatewayId=pending(s))),
    case("DetachInternetGateway", "below a NAT gateway", "DependencyViolation", CODES,
        lambda s, c: (pending(s), c.detach_internet_gateway(InternetGatewayId=gateway(s), VpcId=vpc(s)))),
)  # fmt: skip
