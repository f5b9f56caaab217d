"""Create somebody else's VPC under given ids: subnets in several zones, their routes, and a way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Network
from itertools import cycle
from typing import Any

from moto.ec2.models import ec2_backends, subnets, vpcs

ANYWHERE = "0.0.0.0/0"
BLOCKS = 8
"""The additional prefix bits of a subnet's block, compared with the VPC's."""


def put_vpc(account: str, region: str, wanted: Mapping[str, Any]) -> None:
    """Create a VPC with these subnets, unless it exists.

    Args:
        wanted: `id`, `cidr`, `public` and `private` (ids of subnets, one zone after the other), `way_out` (whether the
            private subnets have a NAT gateway).

    Raises:
        KeyError: a member is missing.
    """
    ec2 = ec2_backends[account][region]
    if wanted["id"] in ec2.vpcs:
        return
    with _named(vpcs, "random_vpc_id", wanted["id"]):
        vpc = ec2.create_vpc(wanted["cidr"])
    vpc.enable_dns_hostnames = True
    gateway = ec2.create_internet_gateway()
    ec2.attach_internet_gateway(gateway.id, vpc.id)
    blocks = IPv4Network(wanted["cidr"]).subnets(prefixlen_diff=BLOCKS)
    for tier in ("public", "private"):
        table = ec2.create_route_table(vpc.id)
        for subnet, letter in zip(wanted[tier], cycle("abc"), strict=False):
            with _named(subnets, "random_subnet_id", subnet):
                ec2.create_subnet(vpc.id, str(next(blocks)), availability_zone=f"{region}{letter}")
            ec2.associate_route_table(table.id, subnet_id=subnet)
        if tier == "public":
            ec2.create_route(table.id, ANYWHERE, gateway_id=gateway.id)
        elif wanted["way_out"] and wanted["public"]:
            ec2.create_route(table.id, ANYWHERE, nat_gateway_id=_nat(ec2, wanted["public"][0]))


def _nat(ec2: Any, subnet: str) -> str:
    """Return the id of a new NAT gateway that is available at once."""
    gateway = ec2.create_nat_gateway(subnet, ec2.allocate_address("vpc").allocation_id)
    gateway.state = "available"
    return str(gateway.id)


@contextmanager
def _named(module: Any, function: str, id: str) -> Iterator[None]:
    """Let moto's function for new ids return this id, while the context lasts."""
    former = getattr(module, function)
    setattr(module, function, lambda: id)
    try:
        yield
    finally:
        setattr(module, function, former)
