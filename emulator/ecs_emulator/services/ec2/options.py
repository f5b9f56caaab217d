"""DHCP options: a VPC without its own set uses the Region's default set, which calls can read like any other."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.dhcp_options import DHCPOptionsSet
from moto.ec2.models.vpcs import VPC

from ecs_emulator.patch import refuse, wrap


def _default_id(account: str) -> str:
    return f"dopt-{account:0>17}"


@wrap(VPC, "dhcp_options_id")
def dhcp_options_id(original: Any, self: Any) -> str:
    """DescribeVpcs: show the VPC's own set, or else the default set."""
    return str(original(self)) if self.dhcp_options else _default_id(self.ec2_backend.account_id)


@wrap(EC2Backend, "describe_dhcp_options")
def describe_dhcp_options(original: Any, self: Any, dhcp_options_ids: Any = None, filters: Any = None) -> Any:
    """DescribeDhcpOptions: show the default set too (VPC guide, "DHCP option sets in Amazon VPC")."""
    number = _default_id(self.account_id)
    if number not in self.dhcp_options_sets:
        region = "ec2" if self.region_name == "us-east-1" else f"{self.region_name}.compute"
        name: Any = [f"{region}.internal"]
        default = DHCPOptionsSet(self, ["AmazonProvidedDNS"], name)
        default.id = number
        self.dhcp_options_sets[number] = default
    return original(self, dhcp_options_ids, filters)


@wrap(EC2Backend, "delete_dhcp_options_set")
def delete_dhcp_options_set(original: Any, self: Any, options_id: str) -> None:
    """DeleteDhcpOptions: refuse the default set, which VPCs use."""
    if options_id == _default_id(self.account_id):
        refuse("DependencyViolation", f"The dhcpOptions '{options_id}' has dependencies and cannot be deleted.")
    original(self, options_id)
