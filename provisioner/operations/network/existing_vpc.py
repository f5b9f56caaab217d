"""Read the VPC that `network.vpc` names, and refuse one in which a stack cannot work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import code_of
from provisioner.config.facts import ExistingVpc
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import count, listed, names
from provisioner.operations.network import vpc_endpoints
from provisioner.operations.network.vpc_choice import ZONES, Choice, choose, zones_of
from provisioner.operations.network.vpc_in_use import in_use
from provisioner.operations.network.vpc_subnets import GATEWAY, Subnet, places_of_zones, subnets
from provisioner.operations.network.zones import FARGATE_ZONES

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

DNS = {
    "enableDnsSupport": "no program in it could resolve a name",
    "enableDnsHostnames": "private hosted zones are not used in it (Route 53 developer guide, hosted-zone-private)",
}


def read(aws: Aws, config: Config, records: Iterable[Record] = ()) -> ExistingVpc | None:
    """Return the VPC and the subnets that a stack uses in it; None if the stack makes its own.

    Args:
        records: the state's records: the subnets in them stay.

    Raises:
        ConfigurationError: there is no such VPC, or something is missing in it that the stack needs.
    """
    if (name := config.network.vpc) is None:
        return None
    vpc = _vpc(aws, name)
    owner = "" if vpc.get("OwnerId", aws.account) == aws.account else str(vpc["OwnerId"])
    _check_owner(config, name, owner)
    found = subnets(aws, name, places_of_zones(aws))
    choice = choose(config, name, found, in_use(aws, config, records), FARGATE_ZONES.get(aws.region))
    _check(config, name, found, choice)
    tasks = choice.public if config.network.egress == "public" else choice.tasks
    blocks = _blocks(vpc)
    notices = [*_spare(choice)]
    ends: Sequence[IPv4Network] = []
    if config.network.egress != "public" and not choice.way_out:
        ends = vpc_endpoints.addresses(aws, name) if not owner else blocks
        notices += vpc_endpoints.check(aws, config, name, owner, choice.tasks)
    inside = (one.block for one in tasks)
    of_tasks = _holding(blocks, inside)
    return ExistingVpc(
        id=name,
        cidr=str(vpc["CidrBlock"]),
        zones=tuple(sorted(zones_of(choice.database if config.stores else (*choice.public, *choice.tasks)))),
        public=_ids(choice.public),
        private=_ids(choice.tasks),
        database=_ids(choice.database),
        way_out=choice.way_out,
        of_tasks=of_tasks,
        of_endpoints=tuple(dict.fromkeys((*of_tasks, *_holding(blocks, ends)))),
        owner=owner,
        notices=tuple(notices),
    )


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


def _check_owner(config: Config, vpc: str, owner: str) -> None:
    """Refuse calls between services in another account's VPC: Route 53 makes private zones for the owner only.

    The answer is InvalidVPCId, and Cloud Map tells it in its operation (copilot-cli#3140).
    """
    if owner and config.called:
        callers = [name for name, workload in config.workloads.items() if workload.calls]
        raise ConfigurationError(
            f"network.vpc is {vpc}, which account {owner} shares, and only its owner can make the private names by "
            f"which services call each other. Remove calls from {listed(callers)}, and call public services by their "
            f"public name, or use a VPC of this account"
        )


def _check(config: Config, vpc: str, found: Sequence[Subnet], choice: Choice) -> None:
    """Refuse a VPC without the subnets that the stack needs."""
    needs, inside = f"network.vpc is {vpc}, which has", config.network.egress != "public"
    if (config.public and config.listener is None) or not inside:
        _check_zones(needs, "public", choice.public)
    if (inside or config.on_instances) and not choice.tasks:
        if found and all(one.leads == GATEWAY for one in found):
            raise ConfigurationError(
                f"{needs} no private subnets: all default routes lead to an internet gateway, which only tasks with "
                f'public addresses can use. Set network.egress = "public", or use a VPC with private subnets'
            )
        raise ConfigurationError(
            f"{needs} no private subnets where tasks can run: name some in network.subnets.private, or ask its owner"
        )
    if inside or config.on_instances or config.stores:
        _check_zones(needs, "private", choice.private)


def _check_zones(needs: str, kind: str, subnets: Sequence[Subnet]) -> None:
    if len(zones := zones_of(subnets)) < ZONES:
        has = f"{count(len(subnets), f'{kind} subnet')} in {count(len(zones), 'Availability Zone')}"
        raise ConfigurationError(
            f"{needs} {has}, and the stack needs them in {ZONES}: name others in network.subnets.{kind}, or ask its "
            f"owner for some"
        )


def _spare(choice: Choice) -> Iterator[str]:
    if choice.spare:
        ids = [one.id for one in choice.spare]
        yield (
            f"network.vpc has {count(len(ids), 'further private subnet')} ({names(ids)}) that tasks could use: they "
            f"stay where they are until network.subnets names others"
        )


def _blocks(vpc: Mapping[str, Any]) -> list[IPv4Network]:
    """Return the VPC's blocks of addresses, the first one first."""
    shown = [one for one in vpc.get("CidrBlockAssociationSet", ()) if one["CidrBlockState"]["State"] == "associated"]
    return [IPv4Network(one) for one in dict.fromkeys((vpc["CidrBlock"], *(one["CidrBlock"] for one in shown)))]


def _holding(blocks: Sequence[IPv4Network], parts: Iterable[IPv4Network]) -> tuple[str, ...]:
    """Return the blocks that hold at least one of these."""
    inside = list(parts)
    return tuple(str(block) for block in blocks if any(one.subnet_of(block) for one in inside))


def _ids(subnets: Iterable[Subnet]) -> tuple[str, ...]:
    return tuple(one.id for one in subnets)
