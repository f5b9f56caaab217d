"""Other people's VPCs: subnets in zones, where their routes lead, and endpoints in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.cloud.conftest import REGION, EmbeddedCloud

ANYWHERE = "0.0.0.0/0"
OWNER = "210987654321"


@dataclass(frozen=True)
class Place:
    """A subnet: the letter of its zone, its addresses, and where its default route leads: `igw`, `nat`, or nowhere."""

    letter: str
    block: str
    way: str = ""
    zone: str = ""


@dataclass
class Vpc:
    """Somebody's VPC.

    Attributes:
        ids: the subnets, by name. tables: the route tables, by where they lead.
    """

    cloud: EmbeddedCloud
    id: str
    ids: dict[str, str]
    tables: dict[str, str]

    def named(self, *begins: str) -> list[str]:
        """The ids of the subnets whose names begin so, in their order."""
        return [subnet for name, subnet in self.ids.items() if name.startswith(begins)]

    def add(self, **places: Place) -> None:
        """Make further subnets."""
        ec2 = self.cloud.client("ec2")
        for name, place in places.items():
            where = {"AvailabilityZone": place.zone or f"{REGION}{place.letter}", "CidrBlock": place.block}
            self.ids[name] = ec2.create_subnet(VpcId=self.id, **where)["Subnet"]["SubnetId"]
            ec2.associate_route_table(RouteTableId=self._table(place.way), SubnetId=self.ids[name])

    def _table(self, way: str) -> str:
        if way not in self.tables:
            made = self.cloud.client("ec2").create_route_table(VpcId=self.id)
            self.tables[way] = made["RouteTable"]["RouteTableId"]
        return self.tables[way]

    def route(self, way: str, block: str = ANYWHERE, **target: str) -> None:
        """Add a route to the table of that name."""
        self.cloud.client("ec2").create_route(RouteTableId=self._table(way), DestinationCidrBlock=block, **target)

    def endpoints(self, subnets: Sequence[str], let_in: Iterable[str], tables: Iterable[str]) -> None:
        """Make the endpoints that tasks need; their group lets in these addresses, S3's is in these route tables."""
        ec2 = self.cloud.client("ec2")
        group = ec2.create_security_group(GroupName="endpoints", Description="endpoints", VpcId=self.id)["GroupId"]
        ranges = [{"CidrIp": block} for block in let_in]
        https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}
        if ranges:
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https])
        for service in ("ecr.api", "ecr.dkr", "logs", "ssm", "ssmmessages"):
            ec2.create_vpc_endpoint(
                VpcId=self.id,
                ServiceName=f"com.amazonaws.{REGION}.{service}",
                VpcEndpointType="Interface",
                SubnetIds=list(subnets),
                SecurityGroupIds=[group],
                PrivateDnsEnabled=True,
            )
        s3 = {"VpcId": self.id, "ServiceName": f"com.amazonaws.{REGION}.s3"}
        ec2.create_vpc_endpoint(**s3, RouteTableIds=[self.tables[one] for one in tables])
        self.cloud.advance(300)

    def share(self) -> None:
        """Make it another account's, which shares its subnets."""
        self.cloud.control("POST", "share", f"region={REGION}&vpc={self.id}&owner={OWNER}")


def make(
    cloud: EmbeddedCloud, places: Mapping[str, Place], block: str = "10.0.0.0/16", further: Sequence[str] = ()
) -> Vpc:
    """Make a VPC with DNS, an internet gateway if a route leads there, and a NAT gateway in the first public subnet."""
    ec2 = cloud.client("ec2")
    vpc = Vpc(cloud, ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"], {}, {})
    ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": True})
    for one in further:
        ec2.associate_vpc_cidr_block(VpcId=vpc.id, CidrBlock=one)
    vpc.add(**places)
    ways = {place.way for place in places.values()}
    if "igw" in ways:
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc.id)
        vpc.route("igw", GatewayId=gateway)
    if "nat" in ways:
        outside = next(vpc.ids[name] for name, place in places.items() if place.way == "igw")
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=outside, AllocationId=address)["NatGateway"]["NatGatewayId"]
        cloud.wait(lambda: _state(ec2, nat) == "available", "the NAT gateway")
        vpc.route("nat", NatGatewayId=nat)
    return vpc


def _state(ec2: Any, nat: str) -> str:
    return str(ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"])
