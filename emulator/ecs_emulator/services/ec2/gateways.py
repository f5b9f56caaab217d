"""Internet gateways and route tables: their attachments, and the dependencies that block deletion."""

from __future__ import annotations

import inspect
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.ec2 import texts
from ecs_emulator.services.ec2.interfaces import in_use_interfaces
from ecs_emulator.services.ec2.nat import is_available
from ecs_emulator.services.ec2.nat import settle as settle_nat_gateways
from ecs_emulator.services.ec2.tagging import once

once("create_route_table")


@wrap(EC2Backend, "attach_internet_gateway")
def attach_internet_gateway(original: Any, self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
    """AttachInternetGateway: refuse a second gateway for a VPC."""
    self.get_vpc(vpc_id)
    for gateway in self.internet_gateways.values():
        if gateway.vpc and gateway.vpc.id == vpc_id and gateway.id != internet_gateway_id:
            refuse("InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached")
    return original(self, internet_gateway_id, vpc_id)


@wrap(EC2Backend, "detach_internet_gateway")
def detach_internet_gateway(original: Any, self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
    """DetachInternetGateway: refuse while public addresses are mapped, as of an internet-facing load balancer."""
    settle_nat_gateways(self)
    if any(interface.public_ip for interface in in_use_interfaces(self) if interface.vpc_id == vpc_id):
        refuse(
            "DependencyViolation",
            texts.ADDRESSES_MAPPED.format(vpc_id),
        )
    return original(self, internet_gateway_id, vpc_id)


@wrap(EC2Backend, "delete_internet_gateway")
def delete_internet_gateway(original: Any, self: Any, internet_gateway_id: str) -> Any:
    """DeleteInternetGateway: refuse while the gateway is attached."""
    gateway = self.get_internet_gateway(internet_gateway_id)
    if gateway.vpc:
        refuse(
            "DependencyViolation",
            f"The internetGateway '{internet_gateway_id}' has dependencies and cannot be deleted.",
        )
    self.tags.pop(internet_gateway_id, None)
    return original(self, internet_gateway_id)


@wrap(EC2Backend, "delete_route_table")
def delete_route_table(original: Any, self: Any, route_table_id: str) -> Any:
    """DeleteRouteTable: refuse for the main table, and while subnets are associated."""
    table = self.get_route_table(route_table_id)
    if table.main_association_id or table._associations:
        refuse("DependencyViolation", texts.ROUTE_TABLE_IN_USE.format(route_table_id))
    for endpoint in self.vpc_end_points.values():
        if route_table_id in endpoint.route_table_ids:
            endpoint.route_table_ids.remove(route_table_id)
    self.tags.pop(route_table_id, None)
    return original(self, route_table_id)


@wrap(EC2Backend, "associate_route_table")
def associate_route_table(
    original: Any, self: Any, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
) -> Any:
    """AssociateRouteTable: refuse a second table for a subnet, and a table of another VPC."""
    table = self.get_route_table(route_table_id)
    if subnet_id:
        if self.get_subnet(subnet_id).vpc_id != table.vpc_id:
            refuse(
                "InvalidParameterValue",
                f"route table {route_table_id} and subnet {subnet_id} belong to different networks",
            )
        for other in self.route_tables.values():
            if other.id != route_table_id and subnet_id in other._associations.values():
                refuse(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {route_table_id} conflicts with an existing "
                    "association",
                )
    return original(self, route_table_id, gateway_id, subnet_id)


@wrap(EC2Response, "create_route")
def create_targeted_route(original: Any, self: Any) -> Any:
    """CreateRoute: refuse a route without a target."""
    targets = [
        name for name in self.params if name.endswith("Id") and not name.startswith(("RouteTable", "Destination"))
    ]
    if not any(self.params[name] for name in targets):
        refuse("MissingParameter", "The request must contain a target of the route, as gatewayId")
    return original(self)


@wrap(EC2Backend, "create_route")
def create_route(original: Any, self: Any, route_table_id: str, *args: Any, **kwargs: Any) -> Any:
    """CreateRoute: refuse an internet gateway that is not attached to the table's VPC.

    Refuse a NAT gateway that is not available yet: EC2 says that it does not exist (kops#944, boto3#779).
    """
    _check_nat_gateway(self, kwargs.get("nat_gateway_id"))
    gateway_id = kwargs.get("gateway_id") or ""
    if gateway_id.startswith("igw-"):
        table, gateway = self.get_route_table(route_table_id), self.internet_gateways.get(gateway_id)
        if gateway is None:
            refuse("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
        if not gateway.vpc or gateway.vpc.id != table.vpc_id:
            refuse(
                "InvalidParameterValue",
                f"route table {route_table_id} and network gateway {gateway_id} belong to different networks",
            )
    return original(self, route_table_id, *args, **kwargs)


@wrap(EC2Backend, "replace_route")
def replace_route(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """ReplaceRoute: refuse a NAT gateway that is not available, as CreateRoute does."""
    given = inspect.signature(original).bind(self, *args, **kwargs).arguments
    _check_nat_gateway(self, given.get("nat_gateway_id"))
    return original(self, *args, **kwargs)


def _check_nat_gateway(ec2: Any, name: str | None) -> None:
    if name and not is_available(ec2, ec2.nat_gateways.get(name)):
        refuse("InvalidNatGatewayID.NotFound", f"The natGateway ID '{name}' does not exist")
