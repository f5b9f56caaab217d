"""EC2's network: VPC, internet gateway, subnets, route tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import code_of
from provisioner.aws.permissions import ASKED, CHANGED, OURS, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.resource import Change, Changes, Observed, Resource, kept
from provisioner.engine.traits import WaitsForUsers
from provisioner.resources.ec2 import obstacles
from provisioner.resources.ec2.api import API, TAGGED
from provisioner.resources.ec2.common import interfaces, list_by_tags, read_by_id


@dataclass(frozen=True)
class Vpc(Resource):
    """The stack's own network."""

    cidr_block: str
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = True

    type_name = "vpc"
    api = API
    arn = "vpc/*"
    permissions = (
        *TAGGED,
        *grants("ec2", "DescribeVpcs"),
        *grants("ec2", "DescribeVpcAttribute", OWN),
        *grants("ec2", "CreateVpc", OWN, conditions=ASKED),
        *grants("ec2", "ModifyVpcAttribute DeleteVpc", OWN, conditions=OURS),
    )
    create_only = frozenset({"cidr_block"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return list_by_tags(cls, aws, cls._live, "describe_vpcs", "Vpcs", "vpc-id")

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return read_by_id(aws, cls._live, "describe_vpcs", "Vpcs", VpcIds=[id])

    @classmethod
    def _live(cls, aws: Aws, vpc: Mapping[str, Any]) -> Observed:
        return cls._with(aws, vpc, *aws.each(partial(_attribute, aws, vpc["VpcId"]), ("DnsSupport", "DnsHostnames")))

    @staticmethod
    def _with(aws: Aws, vpc: Mapping[str, Any], support: bool, hostnames: bool) -> Observed:
        attributes = {
            "cidr_block": vpc["CidrBlock"],
            "enable_dns_support": support,
            "enable_dns_hostnames": hostnames,
        }
        return observed(aws, vpc["VpcId"], attributes, tag_map(vpc.get("Tags")), status=vpc["State"])

    def create(self, aws: Aws, token: str) -> Observed:
        vpc = aws.client("ec2").create_vpc(
            CidrBlock=self.cidr_block, TagSpecifications=aws.tag_specification("vpc", self.address)
        )["Vpc"]
        return self._with(aws, vpc, support=True, hostnames=False)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        # ModifyVpcAttribute takes one attribute a call, and hostnames need support first
        if "enable_dns_support" in changes:
            aws.client("ec2").modify_vpc_attribute(VpcId=live.id, EnableDnsSupport={"Value": self.enable_dns_support})
        if "enable_dns_hostnames" in changes:
            aws.client("ec2").modify_vpc_attribute(
                VpcId=live.id, EnableDnsHostnames={"Value": self.enable_dns_hostnames}
            )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").delete_vpc(VpcId=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "vpc-id", live.id)

    @classmethod
    def obstacles(cls, aws: Aws, live: Observed) -> str:
        return obstacles.in_vpc(aws, live.id)


def _attribute(aws: Aws, vpc_id: str, name: str) -> bool:
    """Say whether a VPC's attribute is on; DescribeVpcAttribute takes one a call."""
    answer = aws.client("ec2").describe_vpc_attribute(VpcId=vpc_id, Attribute=f"enable{name}")
    return bool(answer[f"Enable{name}"]["Value"])


@dataclass(frozen=True)
class InternetGateway(Resource):
    """The VPC's internet gateway, its only way out."""

    vpc_id: str

    type_name = "internet_gateway"
    api = API
    arn = "internet-gateway/*"
    permissions = (
        *TAGGED,
        *grants("ec2", "DescribeInternetGateways"),
        *grants("ec2", "CreateInternetGateway", OWN, conditions=ASKED),
        *grants("ec2", "AttachInternetGateway DetachInternetGateway", OWN, "vpc/*", conditions=OURS),
        *grants("ec2", "DeleteInternetGateway", OWN, conditions=OURS),
    )

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return list_by_tags(
            cls, aws, cls._live, "describe_internet_gateways", "InternetGateways", "internet-gateway-id"
        )

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return read_by_id(aws, cls._live, "describe_internet_gateways", "InternetGateways", InternetGatewayIds=[id])

    @staticmethod
    def _live(aws: Aws, gateway: Mapping[str, Any]) -> Observed:
        attached = [a["VpcId"] for a in gateway.get("Attachments", ()) if a["State"] in ("available", "attached")]
        attributes = {"vpc_id": attached[0] if attached else None}
        return observed(aws, gateway["InternetGatewayId"], attributes, tag_map(gateway.get("Tags")))

    def create(self, aws: Aws, token: str) -> Observed:
        tags = aws.tag_specification("internet-gateway", self.address)
        gateway = aws.client("ec2").create_internet_gateway(TagSpecifications=tags)["InternetGateway"]
        return self._live(aws, gateway)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        if changes["vpc_id"].old:
            aws.client("ec2").detach_internet_gateway(InternetGatewayId=live.id, VpcId=changes["vpc_id"].old)
        aws.client("ec2").attach_internet_gateway(InternetGatewayId=live.id, VpcId=self.vpc_id)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        if live.attributes["vpc_id"]:
            aws.client("ec2").detach_internet_gateway(InternetGatewayId=live.id, VpcId=live.attributes["vpc_id"])
        aws.client("ec2").delete_internet_gateway(InternetGatewayId=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "vpc-id", str(live.attributes["vpc_id"]))


@dataclass(frozen=True)
class Subnet(Resource):
    """A subnet of the stack's VPC, in one availability zone."""

    vpc_id: str
    availability_zone: str
    cidr_block: str
    map_public_ip_on_launch: bool = False

    type_name = "subnet"
    api = API
    arn = "subnet/*"
    permissions = (
        *TAGGED,
        *grants("ec2", "DescribeSubnets"),
        # AWS checks both the subnet and its VPC, and for the VPC the tags that it has
        *grants("ec2", "CreateSubnet", OWN, conditions=ASKED),
        *grants("ec2", "CreateSubnet", "vpc/*", conditions=OURS),
        *grants("ec2", "DeleteSubnet", OWN, conditions=OURS),
        *grants("ec2", "ModifySubnetAttribute", OWN, conditions=OURS, use=Use.OTHER, why=CHANGED),
    )
    create_only = frozenset({"vpc_id", "availability_zone", "cidr_block"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return list_by_tags(cls, aws, cls._live, "describe_subnets", "Subnets", "subnet-id")

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return read_by_id(aws, cls._live, "describe_subnets", "Subnets", SubnetIds=[id])

    @staticmethod
    def _live(aws: Aws, subnet: Mapping[str, Any]) -> Observed:
        attributes = {
            "vpc_id": subnet["VpcId"],
            "availability_zone": subnet["AvailabilityZone"],
            "cidr_block": subnet["CidrBlock"],
            "map_public_ip_on_launch": subnet.get("MapPublicIpOnLaunch", False),
        }
        return observed(aws, subnet["SubnetId"], attributes, tag_map(subnet.get("Tags")))

    def create(self, aws: Aws, token: str) -> Observed:
        subnet = aws.client("ec2").create_subnet(
            VpcId=self.vpc_id,
            AvailabilityZone=self.availability_zone,
            CidrBlock=self.cidr_block,
            TagSpecifications=aws.tag_specification("subnet", self.address),
        )["Subnet"]
        return self._live(aws, subnet)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("ec2").modify_subnet_attribute(
            SubnetId=live.id, MapPublicIpOnLaunch={"Value": self.map_public_ip_on_launch}
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").delete_subnet(SubnetId=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "subnet-id", live.id)

    @classmethod
    def obstacles(cls, aws: Aws, live: Observed) -> str:
        return obstacles.in_subnet(aws, str(live.attributes["vpc_id"]), live.id)


_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_TARGETS = (
    *("GatewayId", "NatGatewayId", "TransitGatewayId", "VpcPeeringConnectionId", "NetworkInterfaceId"),
    *("EgressOnlyInternetGatewayId", "CarrierGatewayId", "LocalGatewayId", "CoreNetworkArn"),
)
"""The kinds of a route's destinations and targets (EC2 API reference, Route)."""


def _routes(shown: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield destination and target of each route that AWS did not add by itself."""
    for route in shown:
        destination = next((route[name] for name in _DESTINATIONS if route.get(name)), "")
        target = next((route[name] for name in _TARGETS if route.get(name)), "")
        by_aws = target == "local" or target.startswith("vpce-") or route.get("Origin") == "EnableVgwRoutePropagation"
        if destination and not by_aws:
            yield destination, target


def _destination(of: str) -> dict[str, str]:
    """Return a route's destination as a parameter of the route calls."""
    return {_DESTINATIONS[2 if of.startswith("pl-") else 1 if ":" in of else 0]: of}


def _target(of: str) -> dict[str, str]:
    """Return a route's target as a parameter of the route calls."""
    return {"NatGatewayId" if of.startswith("nat-") else "GatewayId": of}


def _associations(aws: Aws, subnet: str) -> list[Mapping[str, Any]]:
    """Return a subnet's associations with route tables."""
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=filters)
    return [one for table in tables for one in table["Associations"] if one.get("SubnetId") == subnet]


@dataclass(frozen=True)
class RouteTable(WaitsForUsers, Resource):
    """A route table, its own routes (destination to the id of the target) and the subnets that use it.

    The VPC's local route and the routes of gateway endpoints are AWS's, and are not compared.

    Attributes:
        elsewhere: subnets for other tables. Each stays here until its own table takes it over, so that it always has a
            way out.
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    routes: Mapping[str, str]
    elsewhere: Sequence[str] = ()

    type_name = "route_table"
    api = API
    arn = "route-table/*"
    permissions = (
        *TAGGED,
        *grants("ec2", "DescribeRouteTables"),
        *grants("ec2", "CreateRouteTable", OWN, conditions=ASKED),
        *grants("ec2", "CreateRouteTable", "vpc/*", conditions=OURS),
        *grants("ec2", "AssociateRouteTable DisassociateRouteTable", OWN, "subnet/*", conditions=OURS),
        *grants(
            "ec2", "ReplaceRouteTableAssociation", OWN, "subnet/*", conditions=OURS, use=Use.OTHER, why="network.egress"
        ),
        *grants("ec2", "CreateRoute DeleteRouteTable", OWN, conditions=OURS),
        *grants("ec2", "DeleteRoute ReplaceRoute", OWN, conditions=OURS, use=Use.OTHER, why="a route was changed"),
    )
    create_only = frozenset({"vpc_id"})
    ignore_changes = frozenset({"elsewhere"})
    unordered = frozenset({"subnet_ids"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return list_by_tags(cls, aws, cls._live, "describe_route_tables", "RouteTables", "route-table-id")

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return read_by_id(aws, cls._live, "describe_route_tables", "RouteTables", RouteTableIds=[id])

    @staticmethod
    def _live(aws: Aws, table: Mapping[str, Any]) -> Observed:
        associations = {a["SubnetId"]: a["RouteTableAssociationId"] for a in table["Associations"] if "SubnetId" in a}
        attributes = {
            "vpc_id": table["VpcId"],
            "subnet_ids": sorted(associations),
            "routes": dict(_routes(table["Routes"])),
        }
        outputs = {"associations": associations}
        return observed(aws, table["RouteTableId"], attributes, tag_map(table.get("Tags")), outputs)

    def create(self, aws: Aws, token: str) -> Observed:
        table = aws.client("ec2").create_route_table(
            VpcId=self.vpc_id, ClientToken=token, TagSpecifications=aws.tag_specification("route-table", self.address)
        )["RouteTable"]
        return self._live(aws, table)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        ec2, there = aws.client("ec2"), live.attributes["routes"]
        for destination in there.keys() - self.routes.keys():
            ec2.delete_route(RouteTableId=live.id, **_destination(destination))
        for cidr, gateway in self.routes.items():
            if cidr not in there:
                ec2.create_route(RouteTableId=live.id, DestinationCidrBlock=cidr, **_target(gateway))
            elif there[cidr] != gateway:
                ec2.replace_route(RouteTableId=live.id, DestinationCidrBlock=cidr, **_target(gateway))
        associations = live.outputs["associations"]
        for subnet in associations.keys() - {*self.subnet_ids, *self.elsewhere}:
            ec2.disassociate_route_table(AssociationId=associations[subnet])
        for subnet in sorted(set(self.subnet_ids) - associations.keys()):
            self._associate(aws, live.id, subnet)

    def differences(self, live: Observed) -> dict[str, Change]:
        staying = [one for one in live.attributes["subnet_ids"] if one not in self.elsewhere]
        return super().differences(replace(live, attributes={**live.attributes, "subnet_ids": staying}))

    def widened(self, before: Mapping[str, Any], live: Observed) -> RouteTable:
        there, asked = live.attributes, before.get("routes", {})
        routes = {to: by for to, by in there["routes"].items() if asked.get(to) == by} | dict(self.routes)
        left = [one for one in there["subnet_ids"] if one not in self.elsewhere]
        subnets = kept(self.subnet_ids, before.get("subnet_ids"), left)
        return replace(self, subnet_ids=subnets, routes=routes)

    def still_in_use(self, aws: Aws, live: Observed) -> str:
        """Describe the network interfaces in subnets that leave this table: they may still need its routes."""
        leaving = sorted({*live.attributes["subnet_ids"]} - {*self.subnet_ids, *self.elsewhere})
        return "; ".join(filter(None, (interfaces(aws, "subnet-id", subnet) for subnet in leaving)))

    @staticmethod
    def _associate(aws: Aws, table_id: str, subnet: str) -> None:
        """Associate a subnet with this table; move it without a gap if it has another table."""
        ec2 = aws.client("ec2")
        try:
            ec2.associate_route_table(RouteTableId=table_id, SubnetId=subnet)
        except ClientError as error:
            if code_of(error) != "Resource.AlreadyAssociated":
                raise
            others = [one for one in _associations(aws, subnet) if one["RouteTableId"] != table_id]
            if not others:
                # the association exists already, and the list did not show it
                raise
            ec2.replace_route_table_association(
                AssociationId=others[0]["RouteTableAssociationId"], RouteTableId=table_id
            )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        for association in live.outputs["associations"].values():
            aws.client("ec2").disassociate_route_table(AssociationId=association)
        aws.client("ec2").delete_route_table(RouteTableId=live.id)
