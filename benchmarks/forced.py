"""What AWS itself forces a run to wait for: the durations of the embedded cloud laid over the graph of things.

Three walks over the same graph and the same durations, calls counted as nothing: the longest chain (no tool can be
faster), a walk that waits until each thing is ready before it goes on to what needs it, ten at once (Terraform's way),
and one thing after the other (a playbook's way).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from provisioner.engine.kind import Kind
from provisioner.engine.step import Declared, Need
from provisioner.outlook import Times, lag, times

JOBS = 10
"""Terraform's default of `-parallelism`."""


@dataclass(frozen=True)
class Node:
    """One thing of a walk: how long it takes, and for each thing that it waits for, how long after that one's begin."""

    address: str
    lasts: float
    after: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Walked:
    """When each thing begins and ends, and which one it waited for last."""

    begins: Mapping[str, float]
    ends: Mapping[str, float]
    because: Mapping[str, str | None]

    @property
    def seconds(self) -> float:
        """How long all of it takes."""
        return max(self.ends.values())

    def chain(self) -> list[str]:
        """Return the addresses of the longest chain, the first one first."""
        address: str | None = max(self.ends, key=lambda one: self.ends[one])
        found: list[str] = []
        while address is not None:
            found.append(address)
            address = self.because[address]
        return found[::-1]


def upwards(declared: Mapping[str, Declared], *, blocking: bool) -> list[Node]:
    """Return the walk that makes everything; blocking: each thing only when what it needs is ready."""
    all_times = {address: times(item.want.kind, item.want.fields()) for address, item in declared.items()}
    nodes = []
    for address, item in declared.items():
        after: dict[str, float] = {}
        for need in item.needs:
            later = _lag(item.want, need, all_times[need.address], blocking=blocking)
            after[need.address] = max(after.get(need.address, 0.0), later)
        nodes.append(Node(address, all_times[address].ready, after))
    return nodes


def _lag(want: Kind, need: Need, of: Times, *, blocking: bool) -> float:
    return of.ready + of.known if blocking and want.kind != "validation_record" else lag(want.kind, need, of)


def downwards(declared: Mapping[str, Declared], *, blocking: bool) -> list[Node]:
    """Return the walk that removes everything: each thing when all that were built on it are gone."""
    nodes = {
        address: Node(address, times(item.want.kind, item.want.fields()).gone, {}) for address, item in declared.items()
    }
    for user, item in declared.items():
        of = times(item.want.kind, item.want.fields())
        for need in item.needs:
            want = declared[need.address].want
            member = item.want.kind == "db_instance" and want.kind == "db_cluster"
            frees = item.want.removal_frees and not blocking and not member
            held = of.released if want.kind in ("security_group", "subnet", "internet_gateway") else 0.0
            after = dict(nodes[need.address].after)
            after[user] = max(after.get(user, 0.0), 0.0 if frees else of.gone + held)
            nodes[need.address] = Node(need.address, nodes[need.address].lasts, after)
    return list(nodes.values())


def unlimited(nodes: Sequence[Node]) -> Walked:
    """Walk with as many at once as there are: each begins as soon as those before it allow."""
    begins: dict[str, float] = {}
    because: dict[str, str | None] = {}
    waiting = {node.address: node for node in nodes}
    while waiting:
        for node in [one for one in waiting.values() if one.after.keys() <= begins.keys()]:
            last = max(node.after, key=lambda one: begins[one] + node.after[one], default=None)
            because[node.address] = last
            begins[node.address] = 0.0 if last is None else begins[last] + node.after[last]
            del waiting[node.address]
    return Walked(begins, {node.address: begins[node.address] + node.lasts for node in nodes}, because)


def limited(nodes: Sequence[Node], jobs: int = JOBS) -> float:
    """Walk with at most so many at once, each holding its place until it is done; return the seconds of all of it.

    In a blocking walk a need has ended, or is known everywhere, when what needs it begins.
    """
    waiting = {node.address: node for node in nodes}
    begun: dict[str, float] = {}
    running: list[float] = []
    now = 0.0
    while waiting or running:
        able = [one for one in waiting.values() if all(begun.get(a, inf) + lag <= now for a, lag in one.after.items())]
        for node in able:
            if node.lasts and len(running) == jobs:
                continue
            begun[node.address] = now
            if node.lasts:
                heapq.heappush(running, now + node.lasts)
            del waiting[node.address]
        if any(node.address in begun for node in able):
            continue  # what took no time may have freed others
        soon = [begun[a] + lag for one in waiting.values() for a, lag in one.after.items() if a in begun]
        now = min(moment for moment in (*running, *soon) if moment > now)
        while running and running[0] <= now:
            heapq.heappop(running)
    return now


def sequential(nodes: Sequence[Node]) -> float:
    """Return the seconds of one thing after the other."""
    return sum(node.lasts for node in nodes)
