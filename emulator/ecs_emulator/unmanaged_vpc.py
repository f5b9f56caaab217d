"""Create somebody else's VPC under given ids: subnets in several zones, their routes, and a way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Network
from itertools import cycle
from typing import Any

from moto.ec2.models import ec2_backends, security_groups, subnets, vpcs
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from ecs_emulator.services.ec2.network import FURTHER
from ecs_emulator.services.ec2.sharing import share
from ecs_emulator.services.ec2.zones import LOCAL

ANYWHERE = "0.0.0.0/0"
BLOCKS = 8
"""The additional prefix bits of a subnet's block, compared with the VPC's."""


def put_vpc(account: str, region: str, wanted: Mapping[str, Any]) -> None:
    """Create a VPC with these subnets, unless it exists.

    Args:
        wanted: `id`, `cidr`, `public` and `private` (ids of subnets, one zone after the other), `way_out` (whether the
            private subnets have a NAT gateway); and perhaps `further` (more ranges of addresses, in which private
            subnets are too), `endpoints` (services of AWS, such as `ecr.api`, that these subnets reach without it),
            and `owner` (the account that shares the VPC with this one).

    Raises:
        KeyError: a member is missing.
    """
    ec2 = ec2_backends[account][region]
    if wanted["id"] in ec2.vpcs:
        return
    with named(vpcs, "random_vpc_id", wanted["id"]):
        vpc = ec2.create_vpc(wanted["cidr"])
    for block in (further := wanted.get("further", ())):
        ec2.associate_vpc_cidr_block(vpc.id, block, False)
    vpc.enable_dns_hostnames = True
    gateway = ec2.create_internet_gateway()
    ec2.attach_internet_gateway(gateway.id, vpc.id)
    blocks = [IPv4Network(one).subnets(prefixlen_diff=BLOCKS) for one in (wanted["cidr"], *further)]
    tables = {}
    for tier, ranges in (("public", blocks[:1]), ("private", blocks)):
        tables[tier] = ec2.create_route_table(vpc.id)
        for subnet, zone, free in zip(wanted[tier], cycle(_zones(region)), cycle(ranges), strict=False):
            with named(subnets, "random_subnet_id", subnet):
                ec2.create_subnet(vpc.id, str(next(free)), availability_zone=zone)
            ec2.associate_route_table(tables[tier].id, subnet_id=subnet)
    ec2.create_route(tables["public"].id, ANYWHERE, gateway_id=gateway.id)
    if wanted["way_out"] and wanted["public"]:
        ec2.create_route(tables["private"].id, ANYWHERE, nat_gateway_id=_nat(ec2, wanted["public"][0]))
    _put_endpoints(ec2, vpc, tables["private"], wanted)
    if owner := wanted.get("owner"):
        share(account, region, vpc.id, owner)


def put_group(account: str, region: str, id: str, vpc: str) -> None:
    """Create a security group with this id in a VPC, unless it exists: it lets everything out, and nothing in."""
    ec2 = ec2_backends[account][region]
    if id not in ec2.groups.get(vpc, {}):
        with named(security_groups, "random_security_group_id", id):
            ec2.create_security_group(f"of-others-{id}", "Created by somebody else", vpc_id=vpc)


def _zones(region: str) -> list[str]:
    """Return the names of the Region's zones in which everything is."""
    zones = RegionsAndZonesBackend.zones[region]
    return [zone.name for zone in zones if zone.zone_type != LOCAL and zone is not FURTHER.get(region)]


def _put_endpoints(ec2: Any, vpc: Any, table: Any, wanted: Mapping[str, Any]) -> None:
    """Create endpoints that are available at once, and let in the whole VPC."""
    if not (services := wanted.get("endpoints")):
        return
    group = ec2.create_security_group("endpoints", "endpoints", vpc_id=vpc.id)
    ranges = [{"CidrIp": block} for block in (wanted["cidr"], *wanted.get("further", ()))]
    ec2.authorize_security_group_ingress(group.id, "tcp", "443", "443", ip_ranges=ranges, vpc_id=vpc.id)
    for service in services:
        name = f"com.amazonaws.{ec2.region_name}.{service}"
        if service == "s3":
            ec2.create_vpc_endpoint(vpc.id, name, "Gateway", None, [table.id])
            continue
        one = ec2.create_vpc_endpoint(
            vpc.id,
            name,
            "Interface",
            None,
            [],
            subnet_ids=wanted["private"],
            security_group_ids=[group.id],
            private_dns_enabled=True,
        )
        one.state = "available"


def _nat(ec2: Any, subnet: str) -> str:
    """Return the id of a new NAT gateway that is available at once."""
    gateway = ec2.create_nat_gateway(subnet, ec2.allocate_address("vpc").allocation_id)
    gateway.state = "available"
    return str(gateway.id)


@contextmanager
def named(module: Any, function: str, id: str) -> Iterator[None]:
    """Let moto's function for new ids return this id, while the context lasts."""
    former = getattr(module, function)
    setattr(module, function, lambda: id)
    try:
        yield
    finally:
        setattr(module, function, former)
