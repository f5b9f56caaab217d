"""About what the test costs: list prices, counted from the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.aws.stack import INSTANCES

SOURCE = "list prices without tax of about the end of 2025, by aws.amazon.com/<service>/pricing; not read anew"
MONTH = 730
"""The hours that AWS's pricing pages count a month with."""
USUAL = "ap-northeast-1"
PRICES: Mapping[str, Mapping[str, float]] = {
    "us-east-1": {
        "balancer": 0.0225,
        "address": 0.005,
        "nat": 0.045,
        "endpoint": 0.01,
        "acu": 0.12,
        "instance": 0.085,
        "vcpu": 0.04048,
        "gigabyte": 0.004445,
        "disk": 0.0033,
    },
    USUAL: {
        "balancer": 0.0243,
        "address": 0.005,
        "nat": 0.062,
        "endpoint": 0.014,
        "acu": 0.20,
        "instance": 0.107,
        "vcpu": 0.05056,
        "gigabyte": 0.00553,
        "disk": 0.0040,
    },
}
"""US dollars an hour. Of an instance: c5.large on demand, since Spot has no list price; of a disk: 30 GB of gp3."""

Thing = Mapping[str, Any]


@dataclass(frozen=True)
class Cost:
    """What one sort of resource costs at most.

    Attributes:
        kind: the kind in the addresses of the resources that it is for.
        what: in words, with how many there are.
        hourly: US dollars an hour for all of them.
    """

    kind: str
    what: str
    hourly: float


def prices_of(region: str) -> tuple[Mapping[str, float], str]:
    """Return the prices to count with, and where they are from in words."""
    if region in PRICES:
        return PRICES[region], f"{region}: {SOURCE}"
    return PRICES[USUAL], f"those of {USUAL}, since those of {region} are not in the table: {SOURCE}"


def costs(things: Sequence[Thing], region: str) -> list[Cost]:
    """Return what costs by the hour among the things of a plan, the most that each comes to."""
    prices, _ = prices_of(region)
    return list(_costs([thing for thing in things if thing["action"] == "create"], prices))


def hourly(found: Collection[Cost]) -> float:
    """Return US dollars an hour for all of them."""
    return sum(cost.hourly for cost in found)


def standing(found: Collection[Cost], addresses: Collection[str]) -> list[Cost]:
    """Return the costs of those kinds of which anything is recorded."""
    kinds = {address.partition("/")[0] for address in addresses}
    return [cost for cost in found if cost.kind in kinds]


def _costs(things: Sequence[Thing], prices: Mapping[str, float]) -> Iterator[Cost]:
    zones = len([thing for thing in things if thing["address"].startswith("subnet/public-")])
    if balancers := len(_of(things, "load_balancer")):
        hourly = balancers * (prices["balancer"] + zones * prices["address"])
        yield Cost("load_balancer", f"{balancers} load balancer, with {zones} public IPv4 addresses", hourly)
    if gateways := len(_of(things, "nat_gateway")):
        what = f"{gateways} NAT gateways, each with a public IPv4 address"
        yield Cost("nat_gateway", what, gateways * (prices["nat"] + prices["address"]))
    endpoints = [thing for thing in _of(things, "vpc_endpoint") if _new(thing, "vpc_endpoint_type") == "Interface"]
    if endpoints:
        what = f"{len(endpoints)} interface endpoints in {zones} zones"
        yield Cost("vpc_endpoint", what, len(endpoints) * zones * prices["endpoint"])
    for cluster in _of(things, "db_cluster"):
        most = float(_new(cluster, "serverless_v2_scaling_configuration")["MaxCapacity"])
        yield Cost("db_cluster", f"Aurora at its most, {most:g} ACU; nothing while it is paused", most * prices["acu"])
    for group in _of(things, "auto_scaling_group"):
        count = min(int(_new(group, "max_size")), INSTANCES)
        hourly = count * (prices["instance"] + prices["disk"])
        yield Cost("auto_scaling_group", f"{count} instances with their disks; as Spot often half", hourly)
    on_fargate = [thing for thing in _of(things, "task_definition") if "FARGATE" in _new(thing, _COMPATIBILITIES)]
    for task in on_fargate:
        cpu, memory = int(_new(task, "cpu")) / 1024, int(_new(task, "memory")) / 1024
        price = cpu * prices["vcpu"] + memory * prices["gigabyte"]
        yield Cost("service", f"1 Fargate task of {cpu:g} vCPU and {memory:g} GB", price)
    if public := [thing for thing in _of(things, "service") if _new(thing, "assign_public_ip") == "ENABLED"]:
        tasks = sum(int(_new(service, "desired_count")) for service in public)
        yield Cost("service", f"{tasks} public IPv4 addresses of tasks", tasks * prices["address"])


_COMPATIBILITIES = "requires_compatibilities"


def _of(things: Sequence[Thing], kind: str) -> list[Thing]:
    return [thing for thing in things if thing["address"].startswith(f"{kind}/")]


def _new(thing: Thing, field: str) -> Any:
    return thing["changes"][field]["new"]
