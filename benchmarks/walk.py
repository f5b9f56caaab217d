"""Time of the scheduler for a large graph whose calls take no time: a chain, independent resources, and both."""

from __future__ import annotations

import time
from typing import ClassVar

from provisioner.engine.clock import Pace
from provisioner.engine.declaration import Dependency
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.engine.scheduling.scheduler import Node, Scheduler
from provisioner.engine.timeline import Moments

COUNT = 4000
ROUNDS = 5


class Instant(Resource):
    """A resource type that exists here only."""

    type_name: ClassVar[str] = "instant"
    service: ClassVar[str] = "instant"


RESOURCE_TYPES.pop("instant")


def main() -> None:
    """Walk each graph some times and print the quickest."""
    print(f"{'graph of 4,000':>24}{'seconds':>10}")
    for name, nodes in (("a chain", _chain()), ("independent", _flat()), ("one that needs all", _fan())):
        print(f"{name:>24}{min(_walk(nodes) for _ in range(ROUNDS)):10.3f}", flush=True)


def _walk(nodes: list[Node]) -> float:
    moments: dict[str, Moments] = {}

    def reached(need: Dependency, acted: set[str], _: set[str]) -> bool:
        return need.address in acted

    began = time.perf_counter()
    Scheduler(
        nodes, lambda address: None, lambda resource_type, some: {}, reached, lambda event: None, Pace(), moments
    ).run()
    return time.perf_counter() - began


def _chain() -> list[Node]:
    return [_node(n, [Dependency(f"instant/{n - 1}")] if n else []) for n in range(COUNT)]


def _flat() -> list[Node]:
    return [_node(n, []) for n in range(COUNT)]


def _fan() -> list[Node]:
    return [*_flat(), _node(COUNT, [Dependency(f"instant/{n}") for n in range(COUNT)])]


def _node(number: int, needs: list[Dependency]) -> Node:
    return Node(f"instant/{number}", Instant, "step", needs)
