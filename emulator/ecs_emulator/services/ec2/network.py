"""VPCs and subnets: the dependencies that block their deletion, and the parts that they have from creation."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.responses import EC2Response

from ecs_emulator.lag import mark_new, too_new
from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.ec2 import texts
from ecs_emulator.services.ec2.groups import open_default_group
from ecs_emulator.services.ec2.interfaces import ManagedInterface, in_use_interfaces, settle
from ecs_emulator.services.ec2.nat import GONE
from ecs_emulator.services.ec2.nat import settle as settle_nat_gateways


@wrap(EC2Backend, "create_vpc")
def create_vpc(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateVpc: let members of the default security group reach each other."""
    vpc = original(self, *args, **kwargs)
    open_default_group(self, vpc.id)
    mark_new(vpc)
    return vpc


@wrap(EC2Backend, "describe_vpc_attribute")
def describe_vpc_attribute(original: Any, self: Any, vpc_id: str, attr_name: str) -> Any:
    """DescribeVpcAttribute: may miss a new VPC for longer than the list does (terraform-provider-aws PR 31877)."""
    if too_new(self.get_vpc(vpc_id)):
        refuse("InvalidVpcID.NotFound", texts.NO_VPC.format(vpc_id))
    return original(self, vpc_id, attr_name)


@wrap(EC2Backend, "delete_vpc")
def delete_vpc(original: Any, self: Any, vpc_id: str) -> Any:
    """DeleteVpc: refuse while it holds more than its default parts, which are deleted with it."""
    self.get_vpc(vpc_id)
    if dependents(self, vpc_id):
        refuse("DependencyViolation", texts.VPC_IN_USE.format(vpc_id))
    for table in [table for table in self.route_tables.values() if table.vpc_id == vpc_id]:
        self.route_tables.pop(table.id)
    for acl in [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
        self.network_acls.pop(acl.id)
    self.groups.pop(vpc_id, None)
    self.tags.pop(vpc_id, None)
    return original(self, vpc_id)


def dependents(ec2: Any, vpc_id: str) -> list[Any]:
    """Return the resources that block a VPC's deletion (API reference, DeleteVpc)."""
    main = [table for table in ec2.route_tables.values() if table.main_association_id is None]
    acls = [acl for acl in ec2.network_acls.values() if not acl.default]
    groups = [group for group in ec2.groups.get(vpc_id, {}).values() if not group.is_default]
    inside = [*ec2.describe_subnets(), *main, *acls, *ec2.describe_vpc_endpoints(None), *in_use_interfaces(ec2)]
    gateways = [gateway for gateway in ec2.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id]
    settle_nat_gateways(ec2)
    nat = [nat for nat in ec2.nat_gateways.values() if nat.vpc_id == vpc_id and nat.state not in GONE]
    return [*groups, *gateways, *nat, *(resource for resource in inside if resource.vpc_id == vpc_id)]


@wrap(EC2Response, "modify_vpc_attribute")
def modify_vpc_attribute(original: Any, self: Any) -> Any:
    """ModifyVpcAttribute: refuse two attributes in one call (API reference)."""
    if self._get_param("EnableDnsSupport") and self._get_param("EnableDnsHostnames"):
        refuse(
            "InvalidParameterCombination",
            "Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames",
        )
    return original(self)


@wrap(EC2Backend, "create_subnet")
def create_subnet(original: Any, self: Any, vpc_id: str, cidr_block: str, *args: Any, **kwargs: Any) -> Any:
    """CreateSubnet: refuse sizes outside /16 to /28; only subnets of the default VPC give public addresses."""
    self.get_vpc(vpc_id)
    try:
        size = ipaddress.IPv4Network(cidr_block, strict=False).prefixlen if "/" in cidr_block else None
    except ValueError:
        size = None
    if size is None:
        refuse(
            "InvalidParameterValue",
            f"Value ({cidr_block}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        )
    if not 16 <= size <= 28:
        refuse("InvalidSubnet.Range", f"The CIDR '{cidr_block}' is invalid.")
    subnet = original(self, vpc_id, cidr_block, *args, **kwargs)
    subnet.default_for_az = subnet.map_public_ip_on_launch = self.get_vpc(vpc_id).is_default
    return subnet


@wrap(EC2Backend, "delete_subnet")
def delete_subnet(original: Any, self: Any, subnet_id: str) -> Any:
    """DeleteSubnet: refuse while interfaces (of tasks, balancers, endpoints, databases, instances) are in it."""
    self.get_subnet(subnet_id)
    settle_nat_gateways(self)
    if any(interface.subnet.id == subnet_id for interface in in_use_interfaces(self)):
        refuse("DependencyViolation", texts.SUBNET_IN_USE.format(subnet_id))
    for table in self.route_tables.values():
        for association in [key for key, target in table._associations.items() if target == subnet_id]:
            table._associations.pop(association)
    self.tags.pop(subnet_id, None)
    return original(self, subnet_id)


@wrap(EC2Backend, "get_all_network_interfaces")
def get_all_network_interfaces(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeNetworkInterfaces: leave out interfaces that services have released."""
    settle_nat_gateways(self)
    settle(self)
    return original(self, *args, **kwargs)


@wrap(EC2Backend, "delete_network_interface")
def delete_network_interface(original: Any, self: Any, eni_id: str) -> Any:
    """DeleteNetworkInterface: refuse an attached interface; interfaces of AWS's services always are."""
    settle(self)
    interface = self.enis.get(eni_id)
    attached = interface is not None and interface.instance and interface.instance.state == "running"
    if isinstance(interface, ManagedInterface) or (attached and not interface.delete_on_termination):
        refuse("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
    self.tags.pop(eni_id, None)
    return original(self, eni_id)


@wrap(EC2Backend, "describe_instance_type_offerings")
def describe_instance_type_offerings(
    original: Any, self: Any, location_type: str | None = None, filters: Any = None
) -> list[dict[str, str]]:
    """DescribeInstanceTypeOfferings: offer in an older account's extra zone the same as in the Region's first."""
    found: list[dict[str, str]] = original(self, location_type, filters)
    further, first = FURTHER.get(self.region_name), RegionsAndZonesBackend.zones.get(self.region_name)
    if further is None or not first or location_type not in ("availability-zone", "availability-zone-id"):
        return found
    by_name = location_type == "availability-zone"
    here, there = (zone.name if by_name else zone.zone_id for zone in (further, first[0]))
    return found + [{**entry, "Location": here} for entry in found if entry["Location"] == there]


# Extra zones that only older accounts see; Fargate runs in neither (ECS guide, Fargate Regions).
FURTHER = {
    "ap-northeast-1": Zone("ap-northeast-1b", "ap-northeast-1", "apne1-az3"),
    "us-west-1": Zone("us-west-1c", "us-west-1", "usw1-az2"),
}
for _region, _zone in FURTHER.items():
    RegionsAndZonesBackend.zones[_region].append(_zone)
