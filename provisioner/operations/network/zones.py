"""Choose the Availability Zones of the stack, and the address blocks of its subnets there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from provisioner.config.network import Tier
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.ec2.network import Subnet
from provisioner.resources.rds.database import DbInstance
from provisioner.resources.rds.single import SingleDbInstance
from provisioner.steps import offline
from provisioner.steps.endpoints import interface_services, service_name

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config

FARGATE_ZONES = {
    "ap-northeast-1": {"apne1-az1", "apne1-az2", "apne1-az4"},
    "cn-north-1": {"cnn1-az1", "cnn1-az2"},
    "us-west-1": {"usw1-az1", "usw1-az3"},
}
"""The ids of the zones with Fargate, for each Region where some zones lack it (ECS guide, Fargate Regions)."""
NO_VPC_ORIGINS = frozenset({"apne1-az3", "apne2-az1", "cac1-az3", "use1-az3", "usw1-az2"})
"""The ids of the zones without CloudFront's VPC origins.

CloudFront developer guide, "Supported AWS Regions for VPC origins"; amazon-bedrock-samples#606.
"""
NITRO = "t3.micro"
"""A type by which constrained zones are guessed: AWS lists it in all zones of us-east-1 but `use1-az3`.

AWS makes no NAT gateways in constrained zones (VPC guide, NAT gateway troubleshooting, NotAvailableInZone), and has no
call that lists them.
"""
ORIGIN_FACING = "com.amazonaws.global.cloudfront.origin-facing"
"""The name of that list (CloudFront developer guide, "Locations and IP address ranges of CloudFront edge servers")."""
AVAILABLE = [{"Name": "state", "Values": ["available"]}, {"Name": "zone-type", "Values": ["availability-zone"]}]
"""A filter that excludes zones in another state, and the account's Local Zones (DescribeAvailabilityZones)."""


@dataclass(frozen=True)
class Zones:
    """The names of the zones, and for each zone the number of its subnets' address block within a tier."""

    names: tuple[str, ...]
    blocks: tuple[int, ...]


def choose(aws: Aws, config: Config) -> Zones:
    """Choose the zones: zones already in use first, then zones that offer all needed services.

    A zone may lack instance types or endpoint services, and AWS reports that only during creation. Zones that may be
    constrained come last: they may lack NAT gateways, load balancers and the database's class as well. If fewer zones
    are wanted than used, the database's zones stay, then the zones with the lowest blocks. A subnet's address block
    cannot be changed, so it keeps its block; subnets in a new zone get a free block.

    Raises:
        ConfigurationError: the Region lacks an instance type or an endpoint service, or too few zones have all that
            the stack needs.
    """
    used, wanted = _used(aws, config), config.network.zones
    if len(used) < wanted:
        types = config.capacity.instance_types if config.on_instances else ()
        offering = _offering(aws, types, endpoints_of(config), NO_VPC_ORIGINS if config.distributed else ())
        new = best_first(aws, [zone for zone in offering if zone not in used], wanted - len(used))
        free = [number for number in range(4) if number not in used.values()]
        if len(used) + len(new) < wanted:
            zones = sorted({*used, *new})
            needs = (
                f"Fargate, all VPC endpoints and one of {', '.join(types)}"
                if types
                else "Fargate and all VPC endpoints"
            )
            needs = f"CloudFront's VPC origins, {needs}" if config.distributed else needs
            raise ConfigurationError(
                f"network.zones is {wanted}, but only {len(zones)} Availability Zones of {aws.region} "
                f"({', '.join(zones) or 'none'}) offer {needs}: lower network.zones"
                f"{', or choose other capacity.instance_types' if types else ''}"
            )
        used |= dict(zip(new, free, strict=False))
    # RDS removes no subnet with an instance from its subnet group (ModifyDBSubnetGroup, SubnetAlreadyInUse)
    held = _with_database(aws) if len(used) > wanted else set()
    chosen = sorted(sorted(used, key=lambda zone: (zone not in held, used[zone]))[:wanted])
    return Zones(tuple(chosen), tuple(used[zone] for zone in chosen))


def in_use(aws: Aws, config: Config) -> Zones:
    """Return the zones in use, even if they lack a service now; the first that AWS lists if the stack has none."""
    used = _used(aws, config)
    if not used:
        found = aws.client("ec2").describe_availability_zones(Filters=AVAILABLE)["AvailabilityZones"]
        used = {zone["ZoneName"]: number for number, zone in enumerate(found[: config.network.zones])}
    return Zones(tuple(sorted(used)), tuple(used[zone] for zone in sorted(used)))


def _used(aws: Aws, config: Config) -> dict[str, int]:
    """Return the zones that the stack uses, each with the number of its subnets' address block."""
    numbers = {block: number for tier in get_args(Tier) for number, block in enumerate(config.network.blocks(tier))}
    subnets = [subnet.attributes for subnet in aws.live(Subnet) if subnet.owned]
    known = {fields["availability_zone"]: numbers.get(fields["cidr_block"]) for fields in subnets}
    taken = set(known.values())
    # subnets with other addresses than configured count as well, and the plan shows the difference
    free = (number for number in range(len(known) + 4) if number not in taken)
    return {zone: next(free) if number is None else number for zone, number in sorted(known.items())}


def _with_database(aws: Aws) -> set[str]:
    """Return the zones of the stack's database instances; an instance in creation has none yet."""
    found = [live for one in (DbInstance, SingleDbInstance) for live in aws.live(one) if live.owned]
    zones = [live.details["availability_zone"] for live in found]
    return {zone for zone in zones if zone}


def _offering(aws: Aws, instance_types: Sequence[str], services: Sequence[str], without: Collection[str]) -> list[str]:
    """Return the zones that have Fargate, all the endpoint services, and at least one of the instance types.

    Args:
        without: the ids of zones that lack something else.
    """
    found = aws.client("ec2").describe_availability_zones(Filters=AVAILABLE)["AvailabilityZones"]
    fargate = FARGATE_ZONES.get(aws.region)
    ids = {zone["ZoneName"]: zone.get("ZoneId") for zone in found}
    zones = {name for name, one in ids.items() if (fargate is None or one in fargate) and one not in without}
    if instance_types:
        zones &= with_instances(aws, instance_types)
    return sorted(zones & with_endpoints(aws, services) if services else zones)


def best_first(aws: Aws, zones: Sequence[str], wanted: int) -> list[str]:
    """Return zones; of more than wanted, zones that may be constrained are the last."""
    if len(zones) <= wanted:
        return list(zones)
    free = {zone for zone, _ in _offers(aws, [NITRO])}
    return sorted(zones, key=lambda zone: zone not in free)


def _offers(aws: Aws, instance_types: Sequence[str]) -> list[tuple[str, str]]:
    """Return the zones that offer each of the types, as pairs of zone and type."""
    found = aws.pages(
        "ec2",
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": list(instance_types)}],
    )
    return [(str(offer["Location"]), str(offer["InstanceType"])) for offer in found]


def with_instances(aws: Aws, instance_types: Sequence[str]) -> set[str]:
    """Return the zones that offer at least one of the types: an Auto Scaling group needs no more in a zone.

    Raises:
        ConfigurationError: the Region does not offer one of the types.
    """
    offers = _offers(aws, instance_types)
    if missing := sorted(set(instance_types) - {instance_type for _, instance_type in offers}):
        raise ConfigurationError(
            f"capacity.instance_types has {', '.join(missing)}, which {aws.region} does not offer: "
            f"{_nearest(aws, missing)}"
        )
    return {zone for zone, _ in offers}


def _nearest(aws: Aws, missing: Sequence[str]) -> str:
    """Suggest similar instance types of the Region, or the command that lists them."""
    offers = aws.pages("ec2", "describe_instance_type_offerings", "InstanceTypeOfferings", LocationType="region")
    offered = sorted({str(offer["InstanceType"]) for offer in offers})
    near = [found[0] for name in missing if (found := difflib.get_close_matches(name, offered, 1))]
    if near:
        return f"did you mean {', '.join(near)}?"
    return f"choose others (`aws ec2 describe-instance-type-offerings --region {aws.region}` lists them)"


def endpoints_of(config: Config) -> Sequence[str]:
    """Return the services that get interface endpoints, services of own steps included."""
    stack = offline.given(config)
    return interface_services(config, stack.given.endpoints if stack else ())


def with_endpoints(aws: Aws, services: Sequence[str]) -> set[str]:
    """Return the zones that have all the endpoint services.

    Raises:
        ConfigurationError: the Region lacks one of them.
    """
    found = endpoint_services(aws, services)
    return set.intersection(*({str(zone) for zone in service["AvailabilityZones"]} for service in found.values()))


def policed(aws: Aws, services: Sequence[str]) -> frozenset[str]:
    """Return the services, such as `ecr.api`, whose interface endpoints accept a policy in this Region."""
    found = endpoint_services(aws, services)
    return frozenset(name for name, shown in found.items() if shown.get("VpcEndpointPolicySupported"))


def endpoint_services(aws: Aws, services: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the descriptions of the endpoint services of these services, such as `ecr.api`.

    Raises:
        ConfigurationError: the Region lacks one of them.
    """
    if not services:
        return {}
    names = {service_name(aws.partition, aws.region, service): service for service in services}
    # by filter: with ServiceNames, one unknown name would make AWS refuse the call (InvalidServiceName)
    which = [{"Name": "service-name", "Values": [*names]}]
    found = {
        s["ServiceName"]: s for s in aws.pages("ec2", "describe_vpc_endpoint_services", "ServiceDetails", Filters=which)
    }
    if missing := sorted(names.keys() - found.keys()):
        raise ConfigurationError(
            f"{aws.region} does not offer the VPC endpoints {', '.join(missing)}, without which private subnets cannot "
            f'reach AWS: use another Region, or network.egress = "nat"'
        )
    return {names[name]: found[name] for name in names}


def read_cloudfront_prefix_list(aws: Aws, config: Config) -> str:
    """Return the id of the Region's list of the servers from which CloudFront reaches load balancers.

    Without CloudFront the result is empty, and no call is made.

    Raises:
        ConfigurationError: the Region has no such list.
    """
    if not config.distributed:
        return ""
    which = [{"Name": "prefix-list-name", "Values": [ORIGIN_FACING]}]
    for found in aws.pages("ec2", "describe_managed_prefix_lists", "PrefixLists", Filters=which):
        return str(found["PrefixListId"])
    raise ConfigurationError(
        f"{aws.region} has no prefix list of CloudFront, which [cloudfront] needs: use another Region, or dns.domain"
    )


def read_s3_prefix_list(aws: Aws, config: Config) -> str:
    """Return the id of the Region's prefix list of S3, which represents S3's addresses in security groups.

    Where tasks reach the whole internet, no rule names it: the result is empty, and no call is made.

    Raises:
        ConfigurationError: the Region has no such list.
    """
    if config.network.egress != "none":
        return ""
    which = [{"Name": "prefix-list-name", "Values": [service_name(aws.partition, aws.region, "s3")]}]
    for found in aws.pages("ec2", "describe_prefix_lists", "PrefixLists", Filters=which):
        return str(found["PrefixListId"])
    raise ConfigurationError(
        f"{aws.region} has no prefix list of S3, without which private subnets cannot pull images: use another Region"
    )
