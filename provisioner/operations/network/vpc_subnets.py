"""Read the subnets of an existing VPC: their zones, free addresses, and where their routes lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from provisioner.resources.ec2.common import ANYWHERE

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

GATEWAY = "igw"
ZONE, OUTPOST = "availability-zone", "outpost"
OTHER_NETWORKS = ("TransitGatewayId", "VpcPeeringConnectionId", "CoreNetworkArn", "LocalGatewayId")
"""The targets of routes into other networks, besides virtual private gateways (API reference, Route)."""


@dataclass(frozen=True)
class Subnet:
    """A subnet of a VPC.

    Attributes:
        block: its addresses. free: how many of them are free.
        leads: the target of its default route: `igw`, `other`, or empty without a default route.
        place: the kind of its zone: `availability-zone`, `local-zone`, `wavelength-zone`, or `outpost`.
        table: the id of its route table.
        beyond: whether a route leads to other networks, such as those behind a transit gateway.
    """

    id: str
    zone: str
    zone_id: str
    block: IPv4Network
    leads: str
    free: int = 0
    place: str = ZONE
    table: str = ""
    beyond: bool = False


@dataclass(frozen=True)
class _Table:
    id: str = ""
    leads: str = ""
    beyond: bool = False


def subnets(aws: Aws, vpc: str, places: Mapping[str, str] | None = None) -> list[Subnet]:
    """Return the subnets of a VPC, in the order of their addresses.

    Args:
        places: the kinds of zones, by name; all others count as Availability Zones.
    """
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    main, by_subnet = _Table(), dict[str, _Table]()
    for one in aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=of_vpc):
        table = _table(one)
        for association in one.get("Associations", ()):
            if association.get("Main"):
                main = table
            if subnet := association.get("SubnetId"):
                by_subnet[subnet] = table
    found = [
        _subnet(one, by_subnet.get(one["SubnetId"], main), places or {})
        for one in aws.pages("ec2", "describe_subnets", "Subnets", Filters=of_vpc)
        if one.get("CidrBlock")
    ]
    return sorted(found, key=lambda one: one.block)


def _subnet(shown: Mapping[str, Any], table: _Table, places: Mapping[str, str]) -> Subnet:
    place = OUTPOST if shown.get("OutpostArn") else places.get(shown["AvailabilityZone"], ZONE)
    return Subnet(
        shown["SubnetId"],
        shown["AvailabilityZone"],
        shown.get("AvailabilityZoneId", ""),
        IPv4Network(shown["CidrBlock"]),
        table.leads,
        int(shown.get("AvailableIpAddressCount", 0)),
        place,
        table.id,
        table.beyond,
    )


def places_of_zones(aws: Aws) -> dict[str, str]:
    """Return the kinds of the account's zones, by name."""
    shown = aws.client("ec2").describe_availability_zones()["AvailabilityZones"]
    return {one["ZoneName"]: one.get("ZoneType", ZONE) for one in shown}


def _table(shown: Mapping[str, Any]) -> _Table:
    """Return where a route table's active routes lead."""
    leads, beyond = "", False
    for route in shown.get("Routes", ()):
        if route.get("State") != "active":
            continue
        gateway = str(route.get("GatewayId", ""))
        beyond = beyond or gateway.startswith("vgw-") or any(route.get(one) for one in OTHER_NETWORKS)
        if route.get("DestinationCidrBlock") == ANYWHERE:
            leads = GATEWAY if gateway.startswith("igw-") else "other"
    return _Table(shown["RouteTableId"], leads, beyond)
