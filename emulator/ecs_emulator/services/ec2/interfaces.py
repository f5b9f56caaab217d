"""Network interfaces that AWS services keep in a customer's subnets, and the time of their release."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.subnets import Subnet

from ecs_emulator.clock import later, passed
from ecs_emulator.durations import Duration
from ecs_emulator.patch import refuse, wrap


class ManagedInterface(NetworkInterface):
    """A requester-managed interface: attached to a service's own host, and never deleted by the customer."""

    def __init__(
        self,
        ec2: Any,
        subnet: Any,
        groups: list[str],
        description: str,
        owner: str,
        *,
        interface_type: str = "interface",
        public: bool = False,
    ) -> None:
        address = subnet.get_available_subnet_ip(self)
        super().__init__(ec2, subnet, address, group_ids=groups, description=description, public_ip_auto_assign=public)
        self.requester_managed = True
        self.requester_id = owner
        self.interface_type = interface_type
        self.status = "in-use"
        self.attachment_id = f"ela-attach-{secrets.token_hex(9)[:17]}"

    @property
    def attachment(self) -> Any:
        """The attachment as DescribeNetworkInterfaces shows it: no instance, the service as owner."""
        return {
            "AttachmentId": self.attachment_id,
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "InstanceOwnerId": self.requester_id,
            "Status": "attached",
        }


@wrap(Subnet, "get_available_subnet_ip")
def get_available_subnet_ip(original: Any, self: Any, instance: Any) -> Any:
    """Refuse a request that needs an address in a subnet without free ones (EC2 API, error codes)."""
    try:
        return original(self, instance)
    except StopIteration:
        refuse(
            "InsufficientFreeAddressesInSubnet",
            "The specified subnet does not have enough free addresses to satisfy the request.",
        )


def create_interface(
    ec2: Any, subnet: Any, groups: list[str], description: str, owner: str, **more: Any
) -> ManagedInterface:
    """Place a service's interface in `subnet`; without `groups` it gets the VPC's default group, as on AWS.

    A group that is not there, or in another VPC, is refused as by CreateNetworkInterface (EC2 API, error codes); moto
    would create one instead.
    """
    for group in groups:
        found = ec2.get_security_group_from_id(group)
        if found is None or found.vpc_id != subnet.vpc_id:
            refuse("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    interface = ManagedInterface(ec2, subnet, groups, description, owner, **more)  # type: ignore[abstract]
    ec2.enis[interface.id] = interface
    return interface


def release_later(ec2: Any, interface_id: str, lasts: Duration) -> None:
    """Plan an interface's removal after this duration."""
    if interface := ec2.enis.get(interface_id):
        interface.gone_at = later(lasts)


def settle(ec2: Any) -> None:
    """Remove the interfaces whose time has come. Call it before each read of interfaces."""
    for interface in list(ec2.enis.values()):
        if passed(getattr(interface, "gone_at", float("inf"))):
            remove(ec2, interface)


def remove(ec2: Any, interface: Any) -> None:
    """Remove an interface at once, and return its address to the subnet."""
    ec2.enis.pop(interface.id, None)
    ec2.tags.pop(interface.id, None)
    interface.subnet.del_subnet_ip(interface.private_ip_address)


def in_use_interfaces(ec2: Any) -> Iterator[Any]:
    """Yield each interface that still holds its subnet and groups; terminated instances hold neither."""
    settle(ec2)
    for interface in list(ec2.enis.values()):
        instance = interface.instance
        if instance is None or instance.state != "terminated":
            yield interface
