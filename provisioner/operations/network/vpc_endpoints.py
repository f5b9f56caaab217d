"""Check that tasks in an existing VPC without a way out reach the endpoints of AWS that they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names
from provisioner.operations.network.zones import endpoints_of
from provisioner.steps.endpoints import service_name

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.network.vpc_subnets import Subnet

HTTPS = 443


def check(aws: Aws, config: Config, vpc: str, owner: str, tasks: Sequence[Subnet]) -> Iterator[str]:
    """Yield a notice if it cannot be known that tasks reach all endpoints; refuse it if they do not.

    A participant does not see the owner's endpoints, and other networks may have endpoints with names of their own.

    Raises:
        ConfigurationError: an endpoint is missing, or nothing lets the tasks reach it.
    """
    needed = _needed(aws, config)
    if owner:
        yield (
            f"network.vpc has no route out of the stack's subnets, and this account cannot see which endpoints account "
            f"{owner} has in it: ask whether tasks reach {', '.join(needed.values())}"
        )
        return
    missing = [*_missing(aws, config, vpc, needed, tasks)]
    if missing and any(one.beyond for one in tasks):
        yield (
            f"network.vpc has no default route out of the stack's subnets, and {'; '.join(missing)}: tasks start only "
            f"if the networks behind its other routes have these endpoints"
        )
    elif missing:
        raise ConfigurationError(
            f"network.vpc is {vpc}, which has no way out of the stack's subnets, and {'; '.join(missing)}. Tasks "
            f"cannot start without: ask its owner for the endpoints, name subnets with a way out in "
            f'network.subnets.private, or set network.egress = "public"'
        )


def addresses(aws: Aws, vpc: str) -> list[IPv4Network]:
    """Return the blocks of the subnets that have interface endpoints of a VPC."""
    ids = sorted({subnet for one in _available(aws, vpc) for subnet in one.get("SubnetIds", ())})
    if not ids:
        return []
    only = [{"Name": "subnet-id", "Values": ids}]
    return [IPv4Network(one["CidrBlock"]) for one in aws.pages("ec2", "describe_subnets", "Subnets", Filters=only)]


def _needed(aws: Aws, config: Config) -> Mapping[str, str]:
    """Return the endpoint services that tasks need, each with its short name."""
    alone = config.network.model_copy(update={"vpc": None, "egress": "none"})
    services = [*endpoints_of(config.model_copy(update={"network": alone})), "s3"]
    return {service_name(aws.partition, aws.region, one): one for one in services}


def _missing(aws: Aws, config: Config, vpc: str, needed: Mapping[str, str], tasks: Sequence[Subnet]) -> Iterator[str]:
    """Yield sentences on missing endpoints, rules that let tasks in, and routes to S3."""
    there = [one for one in _available(aws, vpc) if one["ServiceName"] in needed]
    if absent := [short for full, short in needed.items() if full not in {one["ServiceName"] for one in there}]:
        yield f"no endpoint of {', '.join(absent)}"
    groups = _groups(aws, {group["GroupId"] for one in there for group in one.get("Groups", ())})
    own = _common_groups(config)
    for full in needed:
        ends = [one for one in there if one["ServiceName"] == full]
        whys = [_why(one, groups, own, tasks) for one in ends]
        if whys and all(whys):
            yield f"the endpoint of {needed[full]} {whys[0]}"


def _available(aws: Aws, vpc: str) -> list[Mapping[str, Any]]:
    """Return a VPC's available endpoints for AWS's usual names: gateways, and interfaces with private DNS."""
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    return [
        one
        for one in aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=of_vpc)
        if one.get("State", "").lower() == "available"
        and "ServiceName" in one
        and (one.get("VpcEndpointType") == "Gateway" or one.get("PrivateDnsEnabled"))
    ]


def _groups(aws: Aws, ids: set[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the rules by which security groups let traffic in, by the group's id."""
    if not ids:
        return {}
    only = [{"Name": "group-id", "Values": sorted(ids)}]
    found = aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=only)
    return {one["GroupId"]: one.get("IpPermissions", ()) for one in found}


def _common_groups(config: Config) -> set[str]:
    """Return the security groups that all tasks have besides the stack's own."""
    sets = [set(workload.security_groups) for workload in config.workloads.values()]
    return set.intersection(*sets) if sets else set()


def _why(
    endpoint: Mapping[str, Any],
    groups: Mapping[str, Sequence[Mapping[str, Any]]],
    own: set[str],
    tasks: Sequence[Subnet],
) -> str:
    """Return the reason why tasks do not reach an endpoint; empty if they do."""
    if endpoint.get("VpcEndpointType") == "Gateway":
        apart = [one.id for one in tasks if one.table not in endpoint.get("RouteTableIds", ())]
        return f"({endpoint['VpcEndpointId']}) is not in the route tables of {names(apart)}" if apart else ""
    ids = [group["GroupId"] for group in endpoint.get("Groups", ())]
    rules = [rule for one in ids for rule in groups.get(one, ())]
    shut = [str(one.block) for one in tasks if not any(_admits(rule, one.block, own) for rule in rules)]
    text = f"({endpoint['VpcEndpointId']}) has no rule in {', '.join(ids)} that lets {names(shut)} in on port {HTTPS}"
    return text if shut else ""


def _admits(rule: Mapping[str, Any], block: IPv4Network, own: set[str]) -> bool:
    """Return whether a rule lets all addresses of a block in on the port of HTTPS; a prefix list may hold them."""
    if rule["IpProtocol"] != "-1" and not (
        rule["IpProtocol"] == "tcp" and rule.get("FromPort", 0) <= HTTPS <= rule.get("ToPort", -1)
    ):
        return False
    ranges = [IPv4Network(one["CidrIp"], strict=False) for one in rule.get("IpRanges", ())]
    pairs = {one.get("GroupId") for one in rule.get("UserIdGroupPairs", ())}
    return any(block.subnet_of(one) for one in ranges) or bool(pairs & own) or bool(rule.get("PrefixListIds"))
