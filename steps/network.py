"""The VPC, its tiers of subnets in each zone, and how each of them leaves: by the internet gateway, by NAT, or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner import Handle, Stack, ids, ready, step
from provisioner.config.models import Tier
from provisioner.resources.ec2.nat import ElasticIp, NatGateway
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import DefaultSecurityGroup

CIDR = {"cidr_block": "network.cidr"}
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Network:
    """Ids of the VPC and of its subnets by tier, without those of tiers that nothing is in.

    Attributes:
        tasks: the subnets that tasks are in, public or private ones.
        task_routes: the ids of these subnets' route tables.
        gateway: the internet gateway; None where nothing goes out and nobody comes in.
    """

    vpc_id: str
    public: list[str]
    private: list[str]
    database: list[str]
    tasks: list[str]
    task_routes: list[str]
    vpc: Handle
    gateway: Handle | None


@step
def network(stack: Stack) -> Network:
    """Declare the VPC, its gateway, subnets and routes. What the private tier's way out is, `network.egress` says.

    The database subnets have none.
    """
    vpc = stack.ensure(Vpc("main", stack.config.network.cidr), keys=CIDR)
    stack.ensure(DefaultSecurityGroup("main", vpc.id))
    tiers = [*_tiers(stack)]
    gateway = stack.ensure(InternetGateway("main", vpc.id)) if "public" in tiers else None
    subnets: dict[Tier, list[Handle]] = {"public": [], "private": [], "database": []}
    routes: dict[Tier, list[str]] = {}
    for tier in tiers:
        blocks = stack.config.network.subnets(tier)
        subnets[tier] = [
            stack.ensure(Subnet(f"{tier}-{zone[-1]}", vpc.id, zone, blocks[number]), keys=CIDR)
            for zone, number in zip(stack.facts.zones, stack.facts.blocks, strict=False)
        ]
        # EC2 refuses a route as long as it does not see the attachment
        way_out = {ANYWHERE: ready(gateway).id} if gateway and tier == "public" else {}
        if tier == "private":
            routes[tier] = _private_routes(stack, vpc.id, subnets, gateway)
        else:
            routes[tier] = [stack.ensure(RouteTable(tier, vpc.id, subnet_ids=ids(subnets[tier]), routes=way_out)).id]
    public, private, database = (ids(subnets[tier]) for tier in ("public", "private", "database"))
    tier = stack.config.network.tasks
    return Network(vpc.id, public, private, database, ids(subnets[tier]), routes[tier], vpc, gateway)


def _tiers(stack: Stack) -> Iterator[Tier]:
    """Yield the tiers that something is in: the load balancer, NAT gateways, tasks, the database."""
    config = stack.config
    if config.public or config.network.egress != "none":
        yield "public"
    if config.network.tasks == "private":
        yield "private"
    if config.database:
        yield "database"


def _private_routes(stack: Stack, vpc_id: str, subnets: dict[Tier, list[Handle]], gateway: Handle | None) -> list[str]:
    """Declare the private subnets' route tables, and the NAT gateways that these lead to.

    The first table is the same whatever the way out is: it gets another route before its subnets need that, and keeps
    the former one until they do not. So tasks have a way to ECR at all times.
    """
    letters, private = [zone[-1] for zone in stack.facts.zones], subnets["private"]
    egress = stack.config.network.egress
    if egress != "nat-per-zone" or gateway is None:
        ways = [_nat(stack, letters[0], subnets["public"][0], gateway)] if egress == "nat" and gateway else []
        return [_table(stack, "private", vpc_id, private, ways)]
    return [
        _table(stack, f"private-{one}" if n else "private", vpc_id, [private[n]], [_nat(stack, one, public, gateway)])
        for n, (one, public) in enumerate(zip(letters, subnets["public"], strict=False))
    ]


def _table(stack: Stack, name: str, vpc_id: str, subnets: Sequence[Handle], ways: Sequence[str]) -> str:
    routes = dict.fromkeys([ANYWHERE], ways[0]) if ways else {}
    return stack.ensure(RouteTable(name, vpc_id, subnet_ids=ids(subnets), routes=routes)).id


def _nat(stack: Stack, name: str, subnet: Handle, gateway: Handle) -> str:
    """Declare a NAT gateway with its address, and return its id for a route, which EC2 takes when it is available."""
    address = stack.ensure(ElasticIp(f"nat-{name}"))
    # it fails in a VPC without an internet gateway (EC2 API, NatGateway, Gateway.NotAttached)
    return ready(stack.ensure(NatGateway(name, subnet.id, address.id), after=[ready(gateway)])).id
