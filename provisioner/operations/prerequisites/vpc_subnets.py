"""Read the VPC that `network.vpc` names: its subnets, their default routes, and whether a stack can use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import code_of
from provisioner.config.facts import ExistingVpc
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.prerequisites.zones import FARGATE_ZONES
from provisioner.resources.ec2.common import ANYWHERE

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config

ZONES = 2
"""The zones that a load balancer and a DB subnet group must have subnets in (ELB, RDS API references)."""
DNS = {
    "enableDnsSupport": "no program in it could resolve a name",
    "enableDnsHostnames": "private hosted zones are not used in it (Route 53 developer guide, hosted-zone-private)",
}


@dataclass(frozen=True)
class Subnet:
    """A subnet of the VPC.

    Attributes:
        block: its addresses.
        leads: the target of its default route: `igw`, `other`, or empty without a default route.
    """

    id: str
    zone: str
    zone_id: str
    block: IPv4Network
    leads: str


def read(aws: Aws, config: Config) -> ExistingVpc | None:
    """Return the VPC and the subnets that the configuration names; None if the stack makes its own.

    A subnet is public if its default route leads to an internet gateway (VPC user guide, "Subnet types"). Tasks get
    the private subnets with a default route, if there are any; the database gets the others.

    Raises:
        ConfigurationError: there is no such VPC, it cannot resolve names, or it lacks subnets that the stack needs.
    """
    network = config.network
    if network.vpc is None:
        return None
    vpc = _vpc(aws, network.vpc)
    found = subnets(aws, network.vpc)
    if network.subnets:
        public = _named(found, network.subnets.public, network.vpc, "public")
        private = _named(found, network.subnets.private, network.vpc, "private")
    else:
        public = _one_a_zone(one for one in found if one.leads == "igw")
        private = [one for one in found if one.leads != "igw"]
    with_way = [one for one in private if one.leads]
    tasks = _for_tasks(aws, with_way or private)
    without = [one for one in private if not one.leads]
    database = without if len({one.zone for one in without}) >= ZONES else private
    result = ExistingVpc(
        id=network.vpc,
        cidr=str(vpc["CidrBlock"]),
        zones=tuple(sorted({one.zone for one in (*public, *private)})),
        public=_ids(public),
        private=_ids(tasks),
        database=_ids(database),
        way_out=bool(with_way),
    )
    _check(config, result, public, private)
    return result


def _vpc(aws: Aws, id: str) -> Mapping[str, Any]:
    ec2 = aws.client("ec2")
    try:
        (vpc,) = ec2.describe_vpcs(VpcIds=[id])["Vpcs"]
    except ClientError as error:
        if code_of(error) != "InvalidVpcID.NotFound":
            raise
        raise ConfigurationError(
            f"network.vpc is {id}, but account {aws.account} has no such VPC in {aws.region}: use an existing one, "
            f"or remove the key, and the stack makes its own"
        ) from None
    for name, why in DNS.items():
        answer = ec2.describe_vpc_attribute(VpcId=id, Attribute=name)
        if not answer.get(f"{name[0].upper()}{name[1:]}", {}).get("Value"):
            raise ConfigurationError(
                f"network.vpc is {id}, where {name} is off, so that {why}: ask the owner of the VPC to turn it on, "
                f"or use another VPC"
            )
    return dict(vpc)


def subnets(aws: Aws, vpc: str) -> list[Subnet]:
    """Return the subnets in Availability Zones, in the order of their addresses, with their default route's target."""
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    tables = list(aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=of_vpc))
    main, by_subnet = "", dict[str, str]()
    for table in tables:
        leads = _leads(table)
        for association in table.get("Associations", ()):
            if association.get("Main"):
                main = leads
            if subnet := association.get("SubnetId"):
                by_subnet[subnet] = leads
    found = [
        Subnet(
            one["SubnetId"],
            one["AvailabilityZone"],
            one.get("AvailabilityZoneId", ""),
            IPv4Network(one["CidrBlock"]),
            by_subnet.get(one["SubnetId"], main),
        )
        for one in aws.pages("ec2", "describe_subnets", "Subnets", Filters=of_vpc)
        if not one.get("OutpostArn") and one.get("CidrBlock")
    ]
    return sorted(found, key=lambda one: one.block)


def _leads(table: Mapping[str, Any]) -> str:
    """Return the target of a route table's default route: `igw`, `other`, or empty without an active one."""
    for route in table.get("Routes", ()):
        if route.get("DestinationCidrBlock") == ANYWHERE and route.get("State") == "active":
            return "igw" if str(route.get("GatewayId", "")).startswith("igw-") else "other"
    return ""


def _named(found: Sequence[Subnet], ids: Sequence[str], vpc: str, kind: str) -> list[Subnet]:
    by_id = {one.id: one for one in found}
    if foreign := [one for one in ids if one not in by_id]:
        raise ConfigurationError(
            f"network.subnets.{kind} has {', '.join(foreign)}, which {vpc} does not have: use its own subnets"
        )
    chosen = [by_id[one] for one in ids]
    for one in chosen if kind == "public" else ():
        if one.leads != "igw":
            raise ConfigurationError(
                f"network.subnets.public has {one.id}, which has no route to an internet gateway: nobody would reach "
                f"a load balancer in it. Use a public subnet"
            )
    return chosen


def _one_a_zone(subnets: Iterable[Subnet]) -> list[Subnet]:
    """Return the first subnet of each zone: a load balancer takes one subnet per zone."""
    by_zone: dict[str, Subnet] = {}
    for one in subnets:
        by_zone.setdefault(one.zone, one)
    return list(by_zone.values())


def _for_tasks(aws: Aws, subnets: Sequence[Subnet]) -> list[Subnet]:
    known = FARGATE_ZONES.get(aws.region)
    return [one for one in subnets if known is None or one.zone_id in known]


def _check(config: Config, vpc: ExistingVpc, public: Sequence[Subnet], private: Sequence[Subnet]) -> None:
    """Refuse a VPC without the subnets that the stack needs."""
    wanted = dict[str, Sequence[Subnet]]()
    if config.public or config.network.egress == "public":
        wanted["public"] = public
    if config.network.egress != "public" or config.database or config.on_instances:
        wanted["private"] = private
    for kind, subnets in wanted.items():
        if len(zones := {one.zone for one in subnets}) < ZONES:
            has = f"{len(subnets)} {kind} subnets in {len(zones)} Availability Zones"
            raise ConfigurationError(
                f"network.vpc is {vpc.id}, which has {has}, and the stack needs them in {ZONES}: name others in "
                f"network.subnets.{kind}, or add some"
            )


def _ids(subnets: Iterable[Subnet]) -> tuple[str, ...]:
    return tuple(one.id for one in subnets)
