"""The VPC, three tiers of subnets in each zone, and who may leave by the internet gateway: the public tier only."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, ids, ready, step
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import DefaultSecurityGroup

CIDR = {"cidr_block": "network.cidr"}


@dataclass(frozen=True)
class Network:
    """Ids of the VPC and of its subnets by tier, the private tier's route table, and the way out."""

    vpc_id: str
    public: list[str]
    private: list[str]
    database: list[str]
    private_routes: str
    vpc: Handle
    gateway: Handle


@step
def network(stack: Stack) -> Network:
    """Declare the VPC, its gateway, subnets and routes. Private and database subnets have no way out."""
    vpc = stack.ensure(Vpc("main", stack.config.network.cidr), keys=CIDR)
    stack.ensure(DefaultSecurityGroup("main", vpc.id))
    gateway = stack.ensure(InternetGateway("main", vpc.id))
    tiers: dict[str, list[str]] = {}
    routes: dict[str, str] = {}
    for tier in ("public", "private", "database"):
        blocks = stack.config.network.subnets(tier)
        subnets = [
            stack.ensure(Subnet(f"{tier}-{zone[-1]}", vpc.id, zone, blocks[number]), keys=CIDR)
            for zone, number in zip(stack.facts.zones, stack.facts.blocks, strict=False)
        ]
        tiers[tier] = ids(subnets)
        # EC2 refuses a route as long as it does not see the attachment
        way_out = {"0.0.0.0/0": ready(gateway).id} if tier == "public" else {}
        routes[tier] = stack.ensure(RouteTable(tier, vpc.id, subnet_ids=ids(subnets), routes=way_out)).id
    return Network(vpc.id, tiers["public"], tiers["private"], tiers["database"], routes["private"], vpc, gateway)
