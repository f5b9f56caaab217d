"""The VPC, its tiers of subnets in each zone, and each tier's way out: internet gateway, NAT, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner import Handle, Stack, ids, ready, step
from provisioner.config.network import Tier
from provisioner.resources.ec2.common import ANYWHERE
from provisioner.resources.ec2.nat import ElasticIp, NatGateway
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import DefaultSecurityGroup

CIDR = {"cidr_block": "network.cidr"}


@dataclass(frozen=True)
class Network:
    """Ids of the VPC and of its subnets by tier; unused tiers are empty.

    Attributes:
        tasks: the subnets of tasks, public or private ones.
        task_routes: the ids of these subnets' route tables.
        vpc: the VPC's handle; None if it existed before the stack.
        gateway: the internet gateway; None if nothing in the VPC is public or goes out, and in an existing VPC.
    """

    vpc_id: str
    public: list[str]
    private: list[str]
    database: list[str]
    tasks: list[str]
    task_routes: list[str]
    vpc: Handle | None
    gateway: Handle | None


@step
def network(stack: Stack) -> Network:
    """Declare the VPC, its gateway, subnets and routes; `network.egress` sets the private tier's way out.

    The database subnets have none. An existing VPC is used as it is: nothing of it is declared.
    """
    if found := stack.facts.vpc:
        public, private, database = list(found.public), list(found.private), list(found.database)
        tasks = public if stack.config.network.tasks == "public" else private
        return Network(found.id, public, private, database, tasks, [], None, None)
    vpc = stack.ensure(Vpc("main", stack.config.network.cidr), keys=CIDR)
    stack.ensure(DefaultSecurityGroup("main", vpc.id))
    tiers = [*_tiers(stack)]
    # VPC origins need one, although no traffic of theirs goes through it (CloudFront developer guide)
    outside = "public" in tiers or stack.config.distributed
    gateway = stack.ensure(InternetGateway("main", vpc.id)) if outside else None
    subnets: dict[Tier, list[Handle]] = {"public": [], "private": [], "database": []}
    tables: dict[Tier, list[Handle]] = {}
    for tier in tiers:
        blocks = stack.config.network.blocks(tier)
        subnets[tier] = [
            stack.ensure(Subnet(f"{tier}-{zone[-1]}", vpc.id, zone, blocks[number]), keys=CIDR)
            for zone, number in zip(stack.facts.zones, stack.facts.blocks, strict=False)
        ]
        # EC2 refuses a route until it sees the gateway's attachment
        way_out = {ANYWHERE: ready(gateway).id} if gateway and tier == "public" else {}
        if tier == "private":
            ways = _nat_gateways(stack, subnets["public"], [*filter(None, [gateway]), *tables.get("public", ())])
            tables[tier] = _private_tables(stack, vpc.id, subnets[tier], ways)
        else:
            tables[tier] = [stack.ensure(RouteTable(tier, vpc.id, subnet_ids=ids(subnets[tier]), routes=way_out))]
    public, private, database = (ids(subnets[tier]) for tier in ("public", "private", "database"))
    tier = stack.config.network.tasks
    return Network(vpc.id, public, private, database, ids(subnets[tier]), ids(tables[tier]), vpc, gateway)


def _tiers(stack: Stack) -> Iterator[Tier]:
    """Yield the tiers that are in use: by the load balancer, NAT gateways, tasks, or the database and Valkey."""
    config = stack.config
    if (config.public and not config.distributed) or config.network.egress != "none":
        yield "public"
    if config.network.tasks == "private" or config.distributed:
        yield "private"
    if config.stores:
        yield "database"


def _nat_gateways(stack: Stack, subnets: Sequence[Handle], before: Sequence[Handle]) -> list[Handle]:
    """Declare NAT gateways in these public subnets, each with its address: none, one, or one in each zone.

    Args:
        before: the internet gateway, without which a NAT gateway fails (EC2 API, NatGateway, Gateway.NotAttached), and
            the route to it.
    """
    number = {"nat": 1, "nat-per-zone": len(subnets)}.get(stack.config.network.egress, 0)
    made = []
    for zone, subnet in zip(stack.facts.zones[:number], subnets, strict=False):
        address = stack.ensure(ElasticIp(f"nat-{zone[-1]}"))
        made.append(stack.ensure(NatGateway(zone[-1], subnet.id, address.id), after=[ready(one) for one in before]))
    return made


def _private_tables(stack: Stack, vpc_id: str, subnets: Sequence[Handle], ways: Sequence[Handle]) -> list[Handle]:
    """Declare the private subnets' route tables: one for all, or one for each of several NAT gateways.

    The first table stays the same for every way out. It gets a new route before its subnets need it, and keeps the old
    one as long as they do, so that tasks can reach ECR at all times. EC2 accepts a route to a NAT gateway once the
    gateway is available.
    """
    whole = len(ways) < 2
    parts = [subnets] if whole else [[subnet] for subnet in subnets]
    names = ["private", *(f"private-{zone[-1]}" for zone in stack.facts.zones[1:])]
    return [
        stack.ensure(
            RouteTable(
                name,
                vpc_id,
                subnet_ids=ids(part),
                routes={ANYWHERE: ready(ways[number]).id} if ways else {},
                elsewhere=[one.id for one in subnets if one not in part],
            )
        )
        for number, (name, part) in enumerate(zip(names, parts, strict=False))
    ]
