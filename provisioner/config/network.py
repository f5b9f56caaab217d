"""The model of `[network]` in `stack.toml`: the VPC, its subnets, and how tasks reach what is outside."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator

from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Problem

Egress = Literal["none", "nat", "nat-per-zone", "public"]
Tier = Literal["public", "private", "database"]

RESERVED = 5
"""Addresses that AWS keeps of each subnet (VPC user guide, subnet sizing)."""
ENDPOINTS = 8
"""Interface endpoints of the stack: each has an address in each private subnet."""

CONNECT = 'Service Connect is used for all calls with [network] connect = "service-connect"'
"""What is said where another tool's file has it for one service."""

SubnetId = Annotated[
    str, values.matching(r"subnet-[0-9a-f]{8,17}", 'is not the id of a subnet, such as "subnet-0a1b2c3d4e5f67890"')
]
SubnetIds = Annotated[tuple[SubnetId, ...], LIST, values.unique("subnet")]


class Subnets(Model):
    """`[network.subnets]`: which subnets of `network.vpc` are used, by their ids: the load balancer's, and the rest."""

    public: SubnetIds = ()
    """Ids of the load balancer's subnets."""
    private: SubnetIds = ()
    """Ids of the subnets of tasks, instances and the database."""


class Network(Model):
    """`[network]`: the VPC, its zones, who may reach the load balancer, and how tasks reach the internet."""

    cidr: Annotated[str, AfterValidator(values.vpc_cidr)] = "10.0.0.0/16"
    """The VPC's addresses: private ones, /16 to /20."""
    zones: Annotated[int, values.between(2, 4, "a supported number of zones")] = 3
    """How many Availability Zones."""
    allow: Annotated[
        tuple[Annotated[str, AfterValidator(values.allowed)], ...],
        LIST,
        values.not_empty('nobody could reach the load balancer; use ["my-ip"]'),
        values.unique("source"),
    ] = ("my-ip",)
    """Who may reach the load balancer: IPv4 CIDRs, and `my-ip` for your own address, which is looked up."""
    flow_logs: bool = False
    """Log the connections in the VPC to CloudWatch Logs."""
    egress: Egress = "none"
    """The tasks' way to the internet: none, so that AWS is reached by VPC endpoints; one NAT gateway, or one in
    each zone; or public addresses of the tasks themselves."""
    vpc: (
        Annotated[
            str, values.matching(r"vpc-[0-9a-f]{8,17}", 'is not the id of a VPC, such as "vpc-0a1b2c3d4e5f67890"')
        ]
        | None
    ) = None
    """The id of a VPC that is there: it is used and never changed. Its subnets are told by their routes, unless
    named."""
    subnets: Subnets | None = None
    """Which subnets of `vpc` are used."""
    endpoints: Annotated[
        tuple[Annotated[str, AfterValidator(values.endpoint)], ...], LIST, values.unique("endpoint")
    ] = ()
    """With `egress = "none"`, further AWS services that tasks call, by what stands behind the Region in an
    endpoint's name, such as `sqs`."""
    connect: Literal["dns", "service-connect"] = "dns"
    """How services reach those that they call: at addresses from DNS, or by proxies of ECS Service Connect."""

    def problems(self) -> Iterator[Problem]:
        """Yield endpoints beside a way to the internet, which leads to AWS's services too, and changes to a VPC."""
        if self.subnets and self.vpc is None:
            yield "subnets", "are those of a VPC that is there: add network.vpc, or remove them"
        if self.vpc:
            yield from self._changes_to_vpc()
        if self.endpoints and self.egress != "none":
            yield (
                "endpoints",
                f'have no use with egress = "{self.egress}", by which all services are reached: remove them',
            )

    def _changes_to_vpc(self) -> Iterator[Problem]:
        for key in ("cidr", "zones", "flow_logs", "endpoints"):
            if key in self.model_fields_set and getattr(self, key) is not False:
                yield key, f"has no effect with network.vpc, which is used as it is: remove {key}"
        if self.egress in ("nat", "nat-per-zone"):
            why = f'"{self.egress}" would change {self.vpc}, which is used as it is'
            yield "egress", f'{why}: remove it, and the routes of its subnets count, or use "public"'

    @property
    def tasks(self) -> Tier:
        """The tier of subnets that tasks are in."""
        return "public" if self.egress == "public" else "private"

    @property
    def assign_public_ip(self) -> Literal["ENABLED", "DISABLED"]:
        """Whether tasks get public addresses, as ECS's `awsvpcConfiguration` says it."""
        return "ENABLED" if self.tasks == "public" else "DISABLED"

    def blocks(self, tier: Tier) -> tuple[str, ...]:
        """Return the CIDRs that a tier's subnets can have, one for each of the zones that there can be.

        The VPC's CIDR is cut into 16 equal blocks; public subnets are taken from block 0, private ones from 4 and
        database ones from 8. The last four blocks stay free.
        """
        return tuple(map(str, IPv4Network(self.range_of(tier)).subnets(prefixlen_diff=2)))

    def range_of(self, tier: Tier) -> str:
        """Return the CIDR of all subnets that a tier can have, in which there is nothing else."""
        quarters = list(IPv4Network(self.cidr).subnets(prefixlen_diff=2))
        return str(quarters[{"public": 0, "private": 1, "database": 2}[tier]])

    def addresses(self) -> int:
        """Return how many addresses the subnets of tasks have for these and for instances.

        Those of the other tiers do not run out: the smallest subnet has 251, of which a load balancer wants 8 to be
        free (Application Load Balancer user guide, subnets), and a database has 16 instances at the most.
        """
        each = IPv4Network(self.blocks(self.tasks)[0]).num_addresses
        endpoints = ENDPOINTS + len(self.endpoints) if self.egress == "none" else 0
        return self.zones * (each - RESERVED - endpoints)
