"""Routes of a subnet, from its route table or its VPC's main one (VPC user guide, "Route tables")."""

from __future__ import annotations

from typing import Any

ALL = "0.0.0.0/0"


def routes(ec2: Any, subnet_id: str) -> list[Any]:
    """Return the routes of a subnet; none if it is gone."""
    table = table_of(ec2, subnet_id)
    return [] if table is None else table.routes


def table_of(ec2: Any, subnet_id: str) -> Any:
    """Return the route table that is associated with a subnet, or its VPC's main one; None if that is gone."""
    subnet = next((one for one in ec2.describe_subnets() if one.id == subnet_id), None)
    if subnet is None:
        return None
    tables = [one for one in ec2.route_tables.values() if one.vpc_id == subnet.vpc_id]
    own = [one for one in tables if subnet_id in one._associations.values()]
    return next(iter(own or [one for one in tables if one.main_association_id is not None]), None)


def reaches_internet(ec2: Any, subnet_id: str) -> bool:
    """Return whether public addresses in a subnet reach the internet, and are reached from there."""
    found = [one for one in routes(ec2, subnet_id) if one.destination_cidr_block == ALL]
    return any(str(getattr(one.gateway, "id", "")).startswith("igw-") for one in found)


def has_nat(ec2: Any, subnet_id: str) -> bool:
    """Return whether a subnet's default route leads to an available NAT gateway that reaches the internet."""
    from ecs_emulator.services.ec2.nat import is_available

    found = [one.nat_gateway for one in routes(ec2, subnet_id) if one.destination_cidr_block == ALL]
    # the traffic goes on by the routes of the gateway's subnet (VPC user guide, "NAT gateways")
    return any(is_available(ec2, one) and reaches_internet(ec2, one.subnet_id) for one in found if one is not None)


def has_gateway_endpoint(ec2: Any, subnet_id: str, service: str) -> bool:
    """Return whether a gateway endpoint for an API (`s3`) is in a subnet's route table."""
    table = table_of(ec2, subnet_id)
    return table is not None and any(
        one.vpc_endpoint_type == "Gateway"
        and one.service_name.endswith(f".{service}")
        and table.id in (one.route_table_ids or ())
        for one in ec2.vpc_end_points.values()
    )
