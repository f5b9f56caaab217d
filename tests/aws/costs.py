"""About what the test costs at the most: the tool's own sum over what its plan creates, Spot at the full price."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.cost import table
from provisioner.cost.estimate import estimate
from provisioner.cost.table import Prices
from provisioner.engine.costs import HOURS
from tests.aws.stack import INSTANCES

USUAL = "ap-northeast-1"
KEYS = ("alb.hour", "aurora.acu", "ec2.c5.large", "endpoint.hour", "fargate.vcpu", "nat.hour")
"""Prices that a Region has to have in the table, so that the sum says something."""

Thing = Mapping[str, Any]


@dataclass(frozen=True)
class Cost:
    """What one sort of resource costs at most.

    Attributes:
        kind: the type in the addresses of the resources that it is for.
        what: in words, with how many there are.
        hourly: US dollars an hour for all of them.
    """

    kind: str
    what: str
    hourly: float


def prices_of(region: str) -> tuple[Prices, str]:
    """Return the prices to count with, and which they are in words."""
    found = table.load(region)
    if all(key in found.prices for key in KEYS):
        return found, f"{region}, of {found.date} and before"
    return table.load(USUAL), f"{USUAL}, since some of {region} are not in the table"


def costs(things: Sequence[Thing], region: str) -> list[Cost]:
    """Return what costs by the hour among the things of a plan, the most that each comes to."""
    settings = {thing["address"]: _fields(thing) for thing in things if thing["action"] == "create"}
    prices, _ = prices_of(region)
    found: dict[str, list[tuple[str, float]]] = {}
    for address, sums in estimate(settings, replace(prices, guesses={})).by_address.items():
        found.setdefault(address.partition("/")[0], []).append((address, sums.most / HOURS))
    return [
        Cost(kind, some[0][0] if len(some) == 1 else f"{len(some)} of {kind}", sum(hourly for _, hourly in some))
        for kind, some in found.items()
    ]


def _fields(thing: Thing) -> dict[str, Any]:
    """Return what a thing will be; the test starts fewer instances than a group may have."""
    fields = {name: change["new"] for name, change in thing["changes"].items()}
    if thing["address"].startswith("auto_scaling_group/"):
        fields["max_size"] = min(int(fields["max_size"]), INSTANCES)
    return fields


def hourly(found: Collection[Cost]) -> float:
    """Return US dollars an hour for all of them."""
    return sum(cost.hourly for cost in found)


def standing(found: Collection[Cost], addresses: Collection[str]) -> list[Cost]:
    """Return the costs of those types of which anything is recorded."""
    kinds = {address.partition("/")[0] for address in addresses}
    return [cost for cost in found if cost.kind in kinds]
