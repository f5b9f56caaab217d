"""Members of answers that AWS sends and moto does not, or the other way round; and unknown prefix lists.

Recorded answers of AWS show each of these: `tests/contract` compares all answers of the cloud with the records.
"""

from __future__ import annotations

import secrets
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.managed_prefixes import ManagedPrefixList
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import add, refuse, wrap
from ecs_emulator.sent_members import change_members
from ecs_emulator.services.ec2 import texts
from ecs_emulator.services.ec2.zones import LOCAL, group_of, opt_in_status


def _show(cls: type, **members: Any) -> None:
    """Add members to the answers about a class's objects, each a value or a function of the object."""
    for name, value in members.items():
        add(cls, name)(property(value) if callable(value) else value)


_show(Subnet, enable_dns64=False, map_customer_owned_ip_on_launch=False)
_show(RouteTable, propagating_vgws=[])
_show(
    VPCEndPoint,
    ip_address_type="ipv4",
    requester_managed=False,
    dns_options=lambda endpoint: {
        "DnsRecordIpType": "ipv4" if endpoint.vpc_endpoint_type == "Interface" else "service-defined"
    },
)
_show(
    Zone,
    opt_in_status=opt_in_status,
    group_name=group_of,
    group_long_name=lambda zone: f"{zone.region_name} 1",
    network_border_group=lambda zone: group_of(zone) if zone.zone_type == LOCAL else zone.region_name,
)
# DescribeInstances: StateReason appears only with a code, as after a stop
change_members(EC2Response, {"Instance.StateReason": lambda reason: reason if reason.code else None})


@wrap(NetworkInterface, "association")
def association(original: Any, self: Any) -> Any:
    """DescribeNetworkInterfaces: leave the member out without an associated address; moto sends an empty one."""
    return original(self) or None


@wrap(ManagedPrefixList, "__init__")
def prefix_list(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """DescribePrefixLists: give AWS's own lists ids with eight hexadecimal digits."""
    original(self, *args, **kwargs)
    if self.resource_owner_id == "AWS":
        self.id = f"pl-{secrets.token_hex(4)}"
        self.prefix_list_arn = self.arn(kwargs["region"], self.owner_id)


def _prefix_lists(operation: str, code: str) -> None:
    @wrap(EC2Response, operation)
    def describe(original: Any, self: Any) -> Any:
        """Refuse unknown ids; AWS spells the code in two ways (terraform-provider-aws, ec2/errors.go)."""
        known = self.ec2_backend.managed_prefix_lists
        if missing := [one for one in self._get_param("PrefixListIds", []) if one not in known]:
            refuse(code, texts.NO_PREFIX_LIST.format(missing[0]))
        return original(self)


def _capitalize(operation: str) -> None:
    @wrap(EC2Response, operation)
    def answer(original: Any, self: Any) -> ActionResult:
        """Name the answer's list as the model does, for pages and filters, which look for it by that name."""
        return ActionResult({name[0].upper() + name[1:]: value for name, value in original(self).result.items()})


_capitalize("describe_transit_gateway_route_tables")
_capitalize("get_transit_gateway_route_table_associations")
_capitalize("get_transit_gateway_route_table_propagations")
_prefix_lists("describe_managed_prefix_lists", "InvalidPrefixListID.NotFound")
_prefix_lists("describe_prefix_lists", "InvalidPrefixListId.NotFound")
