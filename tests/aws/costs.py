"""Upper bound of the test's costs: the tool's own sum over its plan's creations, with Spot at the full price."""

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
"""Prices that a Region must have in the table, or the sum would be meaningless."""

Thing = Mapping[str, Any]


@dataclass(frozen=True)
class Cost:
    """The most that one kind of resource costs.

    Attributes:
        kind: the type in the addresses of its resources.
        what: the resources in words, with their number.
        hourly: US dollars an hour for all of them.
    """

    kind: str
    what: str
    hourly: float


def prices_of(region: str) -> tuple[Prices, str]:
    """Return the prices to count with, and their Region and date in words."""
    found = table.load(region)
    if all(key in found.prices for key in KEYS):
        return found, f"{region}, of {found.date} and before"
    return table.load(USUAL), f"{USUAL}, since some of {region} are not in the table"


def costs(things: Sequence[Thing], region: str) -> list[Cost]:
    """Return the hourly costs of the resources in a plan, at the most."""
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
    """Return the planned settings of a resource; the test starts fewer instances than a group may have."""
    fields = {name: change["new"] for name, change in thing["changes"].items()}
    if thing["address"].startswith("auto_scaling_group/"):
        fields["max_size"] = min(int(fields["max_size"]), INSTANCES)
    return fields


def hourly(found: Collection[Cost]) -> float:
    """Return US dollars an hour for all of them."""
    return sum(cost.hourly for cost in found)


def standing(found: Collection[Cost], addresses: Collection[str]) -> list[Cost]:
    """Return the costs of the types that have recorded resources."""
    kinds = {address.partition("/")[0] for address in addresses}
    return [cost for cost in found if cost.kind in kinds]
