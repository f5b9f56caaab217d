"""The model of `[network]` in `stack.toml`: the VPC, its subnets, and the tasks' way to the internet."""

from collections.abc import Iterator
from ipaddress import IPv4Network, collapse_addresses
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

MOST_SUBNETS = 16
"""The most subnets of a service's tasks (ECS API reference, AwsVpcConfiguration)."""

CONNECT = 'Service Connect is used for all calls with [network] connect = "service-connect"'
"""The message if another tool's file uses Service Connect for one service."""

SubnetId = Annotated[
    str, values.matching(r"subnet-[0-9a-f]{8,17}", 'is not the id of a subnet, such as "subnet-0a1b2c3d4e5f67890"')
]
SubnetIds = Annotated[tuple[SubnetId, ...], LIST, values.unique("subnet")]


class Subnets(Model):
    """`[network.subnets]`: the ids of the subnets of `network.vpc` to use."""

    public: SubnetIds = ()
    """Ids of the load balancer's subnets."""
    private: SubnetIds = ()
    """Ids of the subnets of tasks, instances and the database."""


class Network(Model):
    """`[network]`: the VPC, its zones, the clients of the load balancer, and the tasks' way to the internet."""

    cidr: Annotated[str, AfterValidator(values.vpc_cidr)] = "10.0.0.0/16"
    """The VPC's addresses: private ones, /16 to /20."""
    zones: Annotated[int, values.between(2, 4, "a supported number of zones")] = 3
    """The number of Availability Zones."""
    allow: Annotated[
        tuple[Annotated[str, AfterValidator(values.allowed)], ...],
        LIST,
        values.not_empty('nobody could reach the load balancer; use ["my-ip"]'),
        values.unique("source"),
    ] = ("my-ip",)
    """Clients that may reach the load balancer: IPv4 CIDRs, and `my-ip` for your own address, which is looked up."""
    flow_logs: bool = False
    """Log the connections in the VPC to CloudWatch Logs."""
    egress: Egress = "none"
    """The tasks' way to the internet: none, with VPC endpoints for AWS's services; one NAT gateway, or one in each
    zone; or public addresses of the tasks themselves."""
    vpc: (
        Annotated[
            str, values.matching(r"vpc-[0-9a-f]{8,17}", 'is not the id of a VPC, such as "vpc-0a1b2c3d4e5f67890"')
        ]
        | None
    ) = None
    """The id of an existing VPC: the stack uses it and never changes it. The routes of its subnets decide which are
    public, unless `subnets` names them."""
    subnets: Subnets | None = None
    """The subnets of `vpc` to use."""
    endpoints: Annotated[
        tuple[Annotated[str, AfterValidator(values.endpoint)], ...], LIST, values.unique("endpoint")
    ] = ()
    """With `egress = "none"`, further AWS services that tasks call, by the part behind the Region in the endpoint
    service's name, such as `sqs`."""
    connect: Literal["dns", "service-connect"] = "dns"
    """The way to called services: addresses from DNS, or proxies of ECS Service Connect."""

    def problems(self) -> Iterator[Problem]:
        """Yield useless endpoints, as tasks reach the internet anyway, and settings that would change `network.vpc`."""
        if self.subnets and self.vpc is None:
            yield "subnets", "are subnets of an existing VPC: add network.vpc, or remove them"
        if self.vpc:
            yield from self._changes_to_vpc()
        if self.subnets and (many := len(self.subnets.private)) > MOST_SUBNETS:
            yield "subnets.private", f"are {many}, and ECS takes at most {MOST_SUBNETS} for a service: name fewer"
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
    def open_to_everybody(self) -> bool:
        """Return whether `allow` has every address, in one network or in several."""
        networks = (IPv4Network(source) for source in self.allow if source != "my-ip")
        return any(network.prefixlen == 0 for network in collapse_addresses(networks))

    @property
    def tasks(self) -> Tier:
        """The tier of subnets that tasks are in."""
        return "public" if self.egress == "public" else "private"

    @property
    def assign_public_ip(self) -> Literal["ENABLED", "DISABLED"]:
        """The value of `assignPublicIp` in ECS's `awsvpcConfiguration` of tasks."""
        return "ENABLED" if self.tasks == "public" else "DISABLED"

    def blocks(self, tier: Tier) -> tuple[str, ...]:
        """Return the CIDRs that a tier's subnets can have: one for each zone, up to four.

        The VPC's CIDR is cut into 16 equal blocks; public subnets are taken from block 0, private ones from 4 and
        database ones from 8. The last four blocks stay free.
        """
        return tuple(map(str, IPv4Network(self.range_of(tier)).subnets(prefixlen_diff=2)))

    def range_of(self, tier: Tier) -> str:
        """Return the CIDR that holds all subnets of a tier, and nothing else."""
        quarters = list(IPv4Network(self.cidr).subnets(prefixlen_diff=2))
        return str(quarters[{"public": 0, "private": 1, "database": 2}[tier]])

    def addresses(self) -> int:
        """Return how many addresses the subnets of tasks have for tasks and instances.

        The other tiers never run out of addresses: the smallest subnet has 251. A load balancer needs 8 free ones
        (Application Load Balancer user guide, subnets), and a database has 16 instances at the most.
        """
        each = IPv4Network(self.blocks(self.tasks)[0]).num_addresses
        endpoints = ENDPOINTS + len(self.endpoints) if self.egress == "none" else 0
        return self.zones * (each - RESERVED - endpoints)
