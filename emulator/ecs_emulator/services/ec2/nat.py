"""NAT gateways and their public addresses: states, durations, quotas, and the order of their release."""

from __future__ import annotations

from typing import Any

from moto.core.utils import iso_8601_datetime_with_milliseconds, utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.ec2.interfaces import create_interface, remove
from ecs_emulator.services.ec2.tagging import once
from ecs_emulator.services.servicequotas.rules import in_force

SHOWN_SECONDS = 3600.0
"""Seconds during which DescribeNatGateways shows a deleted or failed gateway (VPC user guide, NAT gateways)."""
GONE = ("deleted", "failed")
_NOT_FOUND = "NatGateway {} was not found"

once("create_nat_gateway")


@wrap(EC2Backend, "allocate_address")
def allocate_address(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """AllocateAddress: refuse beyond the Region's quota (EC2 API, error codes, AddressLimitExceeded)."""
    if len(self.addresses) >= in_force("ec2", "L-0263D0A3"):
        refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
    return original(self, *args, **kwargs)


@wrap(EC2Backend, "release_address")
def release_address(original: Any, self: Any, address: str | None = None, allocation_id: str | None = None) -> Any:
    """ReleaseAddress: refuse while the address is in use.

    If a NAT gateway uses it, even while that is deleted, the code is AuthFailure (leftovers#33, kops#938,
    sno-for-100#5); otherwise it is InvalidIPAddress.InUse (API reference).
    """
    settle(self)
    found = self.address_by_ip([address]) if address else self.address_by_allocation([allocation_id])
    interface = found[0].eni
    if interface is not None and getattr(interface, "interface_type", "") == "nat_gateway":
        refuse("AuthFailure", "You do not have permission to access the specified resource.")
    if interface is not None:
        refuse("InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use.")
    return original(self, address, allocation_id)


@replace(EC2Backend, "create_nat_gateway")
def create_nat_gateway(
    self: Any,
    subnet_id: str,
    allocation_id: str | None,
    tags: dict[str, str] | None = None,
    connectivity_type: str = "public",
) -> NatGateway:
    """CreateNatGateway: start as `pending`; a wrong VPC or address leads to the state `failed`, not to an error.

    Sources: API reference; NatGateway, failureCode. The quota counts the pending, available and deleting gateways of a
    zone (VPC quotas; EC2 API, error codes, NatGatewayLimitExceeded).
    """
    settle(self)
    subnet = self.get_subnet(subnet_id)
    address = self.address_by_allocation([allocation_id])[0] if allocation_id else None
    if address is None and connectivity_type != "private":
        refuse("MissingParameter", "The request must include the AllocationId parameter.")
    zone = [one for one in self.nat_gateways.values() if one.state not in GONE and one.zone == subnet.availability_zone]
    if len(zone) >= in_force("vpc", "L-FE5A380F"):
        refuse("NatGatewayLimitExceeded", "Performing this operation would exceed the limit of NAT gateways.")
    gateway: Any = NatGateway(self, subnet_id, "", tags, "private")  # type: ignore[abstract]
    remove(self, gateway._eni)
    gateway.connectivity_type, gateway.zone, gateway.state = connectivity_type, subnet.availability_zone, "pending"
    gateway._eni = create_interface(
        self, subnet, [], f"Interface for NAT Gateway {gateway.id}", "amazon-aws", interface_type="nat_gateway"
    )
    gateway.failure = _failure(self, gateway, address)
    gateway.ready_at = later(durations.NAT_GATEWAY_CREATE)
    if address is not None and not gateway.failure:
        self.associate_address(eni=gateway._eni, allocation_id=allocation_id)
    gateway.address_set = [
        {
            "allocationId": allocation_id,
            "networkInterfaceId": gateway._eni.id,
            "privateIp": gateway._eni.private_ip_address,
            "publicIp": address.public_ip if address else None,
        }
    ]
    self.nat_gateways[gateway.id] = gateway
    return gateway  # type: ignore[no-any-return]


def _failure(ec2: Any, gateway: Any, address: Any) -> tuple[str, str] | None:
    """Return the code and message with which a new gateway will fail; None if it will become available."""
    if gateway.connectivity_type == "private":
        return None
    if not any(one.vpc and one.vpc.id == gateway.vpc_id for one in ec2.internet_gateways.values()):
        return "Gateway.NotAttached", f"Network {gateway.vpc_id} has no Internet gateway attached"
    if address.eni is not None or address.instance is not None:
        return "Resource.AlreadyAssociated", f"Elastic IP address {address.allocation_id} is already associated"
    return None


@replace(EC2Backend, "delete_nat_gateway")
def delete_nat_gateway(self: Any, nat_gateway_id: str) -> NatGateway:
    """DeleteNatGateway: set `deleting`, and later `deleted`; routes to it stay, and lead nowhere (API reference)."""
    settle(self)
    gateway = self.nat_gateways.get(nat_gateway_id)
    if gateway is None or gateway.state in GONE:
        refuse("NatGatewayNotFound", _NOT_FOUND.format(nat_gateway_id))
    if gateway.state != "deleting":
        gateway.state, gateway.gone_at = "deleting", later(durations.NAT_GATEWAY_DELETE)
    return gateway  # type: ignore[no-any-return]


@replace(EC2Backend, "describe_nat_gateways")
def describe_nat_gateways(self: Any, filters: Any, nat_gateway_ids: list[str] | None) -> list[NatGateway]:
    """DescribeNatGateways: show the present states, and support ids; filters come later (`filters`)."""
    settle(self)
    for name in nat_gateway_ids or ():
        if name not in self.nat_gateways:
            refuse("NatGatewayNotFound", _NOT_FOUND.format(name))
    return [one for one in self.nat_gateways.values() if not nat_gateway_ids or one.id in nat_gateway_ids]


def settle(ec2: Any) -> None:
    """Advance the NAT gateways whose time has come. Call it before each read of them."""
    for gateway in list(ec2.nat_gateways.values()):
        if gateway.state == "pending" and passed(gateway.ready_at):
            if gateway.failure:
                gateway.failure_code, gateway.failure_message = gateway.failure
                _let_go(ec2, gateway, "failed")
            else:
                gateway.state = "available"
        elif gateway.state == "deleting" and passed(gateway.gone_at):
            _let_go(ec2, gateway, "deleted")
        elif gateway.state in GONE and passed(gateway.forgotten_at):
            ec2.nat_gateways.pop(gateway.id)
            ec2.tags.pop(gateway.id, None)


def _let_go(ec2: Any, gateway: Any, state: str) -> None:
    """Release a gateway's address and interface; lists show the gateway for a while more."""
    gateway.state, gateway.delete_time = state, iso_8601_datetime_with_milliseconds(utcnow())
    gateway.forgotten_at = later(SHOWN_SECONDS)
    for address in ec2.addresses:
        if address.eni is gateway._eni:
            address.eni = address.association_id = None
    remove(ec2, gateway._eni)


def is_available(ec2: Any, gateway: Any) -> bool:
    """Return whether a NAT gateway passes traffic; if not, a route to it leads nowhere (EC2 API, Route, state)."""
    settle(ec2)
    return bool(gateway is not None and gateway.state == "available")
