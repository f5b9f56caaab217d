"""Check instance types, endpoint services, zones, Fargate, existing VPC, listener and database, and room for tasks."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from provisioner.config.room import warnings
from provisioner.engine.words import count
from provisioner.operations.doctor.verdicts import ok, parted, unknown, warning
from provisioner.operations.network import existing_listener
from provisioner.operations.network.zones import FARGATE_ZONES, endpoints_of, with_endpoints, with_instances
from provisioner.operations.prerequisites import account_quotas, database_entry, instance_sizes
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.resources.ecs.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context


def instance_types(context: Context) -> Sequence[Checked]:
    """Report the zones that offer the instance types, if tasks run on instances."""
    if not context.config.on_instances:
        return []
    types = context.config.capacity.instance_types
    zones = with_instances(context.aws, types)
    return [ok("instance types", f"{', '.join(types)}: offered in {_letters(zones)}")]


def endpoint_services(context: Context) -> Sequence[Checked]:
    """Report the zones that offer all endpoint services, if the stack has endpoints."""
    if not (services := endpoints_of(context.config)):
        return []
    zones = with_endpoints(context.aws, services)
    return [ok("endpoint services", f"all {len(services)} offered in {_letters(zones)}")]


def zones(context: Context) -> Sequence[Checked]:
    """Report the zones of the stack."""
    chosen = context.zones.names
    return [ok("zones", f"{len(chosen)} of {context.config.network.zones}: {', '.join(chosen)}")]


def vpc(context: Context) -> Sequence[Checked]:
    """Report the VPC that `network.vpc` names: its owner, its subnets and, without a way out, its endpoints.

    Raises:
        ConfigurationError: the VPC does not exist, or does not fit a stack.
    """
    network, name = context.config.network, "vpc"
    if (found := context.vpc) is None:
        return []
    places = f"{len(found.public)} public and {len(found.private)} private subnets in {', '.join(found.zones)}"
    way = "a route leads out of the private ones" if found.way_out else "no way out of the private ones"
    way = "tasks have public addresses" if network.egress == "public" else way
    whose = f", shared by account {found.owner}" if found.owner else ""
    told = [warning(name, *parted(text)) for text in found.notices]
    return [ok(name, f"{found.id}{whose}: {places}; {way}"), *told]


def listener(context: Context) -> Sequence[Checked]:
    """Report the listener that `load_balancer.listener` names: its protocol, and the rules of others there.

    Raises:
        ConfigurationError: the listener does not exist, or the stack cannot answer there.
    """
    name = "listener"
    if (found := context.listener) is None:
        return []
    if there := context.vpc:
        existing_listener.check_way(context.aws, context.config, found, there, context.records.values())
    others = count(len(found.others), "rule")
    told = [warning(name, *parted(text)) for text in found.notices]
    return [ok(name, f"{found.arn} answers by {found.protocol} on port {found.port}, with {others} of others"), *told]


def database(context: Context) -> Sequence[Checked]:
    """Report the database of somebody else: its engine and status, and the rule that lets the stack's tasks in.

    Raises:
        ConfigurationError: the database does not exist, or tasks cannot use it.
    """
    name = "database"
    if (found := context.database) is None:
        return []
    lacking = database_entry.missing(context.config, found, context.vpc, context.records)
    told = [warning(name, *parted(text)) for text in (*found.notices, *lacking)]
    return told or [ok(name, f"{found.id} is {found.status}: {found.engine} at {found.host}:{found.port}")]


def fargate(context: Context) -> Sequence[Checked]:
    """Report the zones with Fargate from the ECS guide, because AWS has no call that lists them."""
    if all(workload.launch != "fargate" for workload in context.config.workloads.values()):
        return []
    if known := FARGATE_ZONES.get(context.aws.region):
        return [ok("fargate", f"offered in {', '.join(sorted(known))} (ECS guide, Fargate Regions)")]
    text = f"AWS has no API for this; the ECS guide lists no zone of {context.aws.region} without it"
    return [unknown("fargate", text)]


def room(context: Context) -> Sequence[Checked]:
    """Check the room for tasks: instances, addresses, targets, rules of security groups.

    Raises:
        ConfigurationError: the initial tasks do not fit.
    """
    config = context.config
    types = instance_sizes.check(context.aws, config)
    account_quotas.rules_of_group(context.aws, config)
    told = [*warnings(config, types), *_full_subnets(context)]
    if not told:
        return [ok("room", "for all tasks, also while they are replaced")]
    return [warning("room", *parted(text)) for text in told]


def _full_subnets(context: Context) -> Iterator[str]:
    """Yield a warning for each subnet of tasks with too few addresses for a deployment of all tasks beside all jobs.

    In an existing VPC a stack that is not there yet needs room for all tasks too.
    """
    services, jobs = context.config.services.values(), context.config.jobs
    more = sum(service.during_deployment(service.count) - service.count for service in services) + len(jobs)
    if vpc := context.vpc:
        ids = [*(vpc.public if context.config.network.egress == "public" else vpc.private)]
        more += sum(service.count for service in services) if context.missing(Service) else 0
        fix = "name others in network.subnets"
    else:
        private = context.config.network.blocks(context.config.network.tasks)
        ids = [live.id for live in context.live(Subnet) if live.owned and live.attributes["cidr_block"] in private]
        fix = "raise network.zones"
    if not ids:
        return
    for subnet in context.aws.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]:
        if (free := subnet.get("AvailableIpAddressCount", more)) < ceil(more / len(ids)):
            yield (
                f"subnet {subnet['SubnetId']} has {free} free addresses, and a deployment of all tasks"
                f"{' beside all jobs' if jobs else ''} takes {ceil(more / len(ids))} in each: scale in, or {fix}"
            )


def public_access(context: Context) -> Sequence[Checked]:
    """Check that VPC Block Public Access does not block the load balancer.

    The mode of the VPC itself counts, because a VPC may be excluded (VPC user guide, VPC BPA basics).
    """
    # what reaches the load balancer of others is theirs to see to
    if not context.config.public or context.config.listener:
        return []
    name, ec2 = "public access", context.aws.client("ec2")
    options = ec2.describe_vpc_block_public_access_options().get("VpcBlockPublicAccessOptions", {})
    mode = options.get("InternetGatewayBlockMode", "off")
    if mode == "off":
        return [ok(name, "VPC Block Public Access is off")]
    own = [live.id for live in context.live(Vpc) if live.owned]
    own += [context.config.network.vpc] if context.config.network.vpc else []
    found = ec2.describe_vpcs(VpcIds=own)["Vpcs"] if own else []
    modes = [vpc.get("BlockPublicAccessStates", {}).get("InternetGatewayBlockMode", mode) for vpc in found]
    if modes and set(modes) == {"off"}:
        return [ok(name, f"VPC Block Public Access is {mode}, and {', '.join(own)} is excluded from it")]
    text = f"VPC Block Public Access is {mode}: nobody will reach the load balancer from the internet"
    if options.get("ExclusionsAllowed") == "not-allowed":
        fix = "the organization allows no exclusion: ask the administrators of its declarative policies"
        return [warning(name, text, fix)]
    excluded = own[0] if own else "ID"
    fix = (
        f"`aws ec2 create-vpc-block-public-access-exclusion --vpc-id {excluded} --internet-gateway-exclusion-mode "
        f"allow-bidirectional --region {context.aws.region}`"
    )
    return [warning(name, text, fix if own else f"once `up` has made the VPC, exclude it: {fix}")]


def _letters(zones: set[str]) -> str:
    return ", ".join(sorted(zones)) or "no zone"
