"""VPCs of another account, whose subnets are shared with this one, and the view of a participant.

Source: VPC user guide, "Responsibilities and permissions for owners and participants". All subnets count as shared.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC

from ecs_emulator.patch import wrap


def share(account: str, region: str, vpc_id: str, owner: str) -> None:
    """Give a VPC, and all that is in it now, to another account, which shares the subnets with this one.

    Raises:
        ValueError: there is no such VPC, or it is a default VPC, whose subnets cannot be shared.
    """
    ec2 = ec2_backends[account][region]
    vpc: Any = ec2.vpcs.get(vpc_id)
    if vpc is None or vpc.is_default:
        what = "is a default VPC, whose subnets cannot be shared" if vpc else "does not exist"
        raise ValueError(f"{vpc_id} {what}: POST /_cloud/share?region=eu-west-1&vpc=vpc-…&owner=210987654321")
    vpc.shared_by = owner
    for group in ec2.groups.get(vpc_id, {}).values():
        group.owner_id = owner


def sharer(ec2: Any, vpc_id: str) -> str:
    """Return the account that a VPC belongs to, if that is another one; else nothing."""
    return str(getattr(ec2.vpcs.get(vpc_id), "shared_by", ""))


@wrap(VPC, "owner_id")
def vpc_owner(original: Any, self: Any) -> str:
    """DescribeVpcs: show the VPC's owner."""
    return getattr(self, "shared_by", "") or str(original(self))


@wrap(Subnet, "owner_id")
def subnet_owner(original: Any, self: Any) -> str:
    """DescribeSubnets: show the owner of the VPC, as sharing changes no ownership."""
    return sharer(self.ec2_backend, self.vpc_id) or str(original(self))


@wrap(RouteTable, "owner_id")
def table_owner(original: Any, self: Any) -> str:
    """DescribeRouteTables: participants see the owner's route tables."""
    return sharer(self.ec2_backend, self.vpc_id) or str(original(self))


@wrap(EC2Backend, "describe_security_groups")
def describe_security_groups(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeSecurityGroups: leave out the owner's groups, among them the default one, unless they are shared too."""
    return [group for group in original(self, *args, **kwargs) if group.owner_id == self.account_id]


@wrap(EC2Backend, "describe_vpc_endpoints")
def describe_vpc_endpoints(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeVpcEndpoints: participants do not see the owner's endpoints (apprunner-roadmap#267)."""
    return [one for one in original(self, *args, **kwargs) if not sharer(self, one.vpc_id)]


@wrap(EC2Backend, "describe_nat_gateways")
def describe_nat_gateways(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeNatGateways: participants do not see the owner's gateways."""
    return [one for one in original(self, *args, **kwargs) if not sharer(self, one.vpc_id)]
