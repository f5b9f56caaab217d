"""What AWS itself forces a run to wait for: the durations of the embedded cloud laid over the graph of resources.

Three walks over the same graph and the same durations, calls counted as nothing: the longest chain (no tool can be
faster), a walk that waits until each resource is ready before it goes on to what needs it, ten at once (Terraform's
way), and one resource after the other (a playbook's way).

AWS's rates force time as well, as soon as there are many resources; see `rated` for the least of it.

One duration is counted that a run may be spared: the minute until managed scaling looks for tasks without an instance
is at the most a minute. Where a service on instances is the longest chain, a lucky run is up to that much faster.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from provisioner.aws.api import Limit
from provisioner.aws.rate_limits import limits_of
from provisioner.engine.declaration import Declared, Dependency
from provisioner.engine.resource import Resource
from provisioner.engine.traits import FreesDependenciesEarly
from provisioner.operations.impact.duration import Seconds, Times, lag, on_aws, times

JOBS = 10
"""Terraform's default of `-parallelism`."""
LOAD_BALANCING = "elasticloadbalancing"

Calls = Mapping[str, tuple[str, str]]
"""By resource type, the service and the operation that every tool has to call once for each resource of that type."""
MAKES: Calls = {
    "listener_rule": (LOAD_BALANCING, "CreateRule"),
    "log_group": ("logs", "CreateLogGroup"),
    "role": ("iam", "CreateRole"),
    "security_group": ("ec2", "CreateSecurityGroup"),
    "service": ("ecs", "CreateService"),
    "target_group": (LOAD_BALANCING, "CreateTargetGroup"),
    "task_definition": ("ecs", "RegisterTaskDefinition"),
    "vpc_endpoint": ("ec2", "CreateVpcEndpoint"),
}
"""What makes those resources of which there are as many as services, or that have a rate of less than one a second."""
REMOVES: Calls = {
    "listener_rule": (LOAD_BALANCING, "DeleteRule"),
    "log_group": ("logs", "DeleteLogGroup"),
    "role": ("iam", "DeleteRole"),
    "security_group": ("ec2", "DeleteSecurityGroup"),
    "service": ("ecs", "DeleteService"),
    "target_group": (LOAD_BALANCING, "DeleteTargetGroup"),
    "task_definition": ("ecs", "DeregisterTaskDefinition"),
}
"""What removes them, but for endpoints: one call may remove many."""


@dataclass(frozen=True)
class Node:
    """One resource of a walk: how long it takes, and how long after the begin of each that it waits for."""

    address: str
    lasts: float
    after: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Walked:
    """When each resource begins and ends, and which one it waited for last."""

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


def for_up(
    declared: Mapping[str, Declared], *, blocking: bool, of: Seconds = on_aws, there: Collection[str] = ()
) -> list[Node]:
    """Return the walk that makes everything.

    Args:
        blocking: each resource begins only when what it needs is ready.
        of: which seconds an operation takes.
        there: the addresses of what is there and ready from the start.
    """
    all_times = {
        address: Times() if address in there else times(item.resource.type_name, item.resource.fields(), of)
        for address, item in declared.items()
    }
    nodes = []
    for address, item in declared.items():
        after: dict[str, float] = {}
        for need in item.waits_for(there):
            later = _lag(item.resource, need, all_times[need.address], blocking=blocking)
            after[need.address] = max(after.get(need.address, 0.0), later)
        nodes.append(Node(address, all_times[address].ready, after))
    return nodes


def _lag(desired: Resource, need: Dependency, of: Times, *, blocking: bool) -> float:
    return (
        of.ready + of.known
        if blocking and desired.type_name != "validation_record"
        else lag(desired.type_name, need, of)
    )


def for_down(declared: Mapping[str, Declared], *, blocking: bool, of: Seconds = on_aws) -> list[Node]:
    """Return the walk that removes everything: each resource when all that were built on it are gone."""
    all_times = {
        address: times(item.resource.type_name, item.resource.fields(), of) for address, item in declared.items()
    }
    nodes = {address: Node(address, all_times[address].gone, {}) for address in declared}
    for user, item in declared.items():
        for need in item.dependencies:
            if need.order_only:
                continue
            desired = declared[need.address].resource
            member = item.resource.type_name == "db_instance" and desired.type_name == "db_cluster"
            frees = isinstance(item.resource, FreesDependenciesEarly) and not blocking and not member
            held = (
                all_times[user].released
                if desired.type_name in ("security_group", "subnet", "internet_gateway")
                else 0.0
            )
            after = dict(nodes[need.address].after)
            after[user] = max(after.get(user, 0.0), 0.0 if frees else all_times[user].gone + held)
            nodes[need.address] = Node(need.address, nodes[need.address].lasts, after)
    return list(nodes.values())


def without(nodes: Sequence[Node], kinds: Collection[str]) -> list[Node]:
    """Return the walk without the resources of these types, as if nothing needed them."""
    kept = {node.address for node in nodes if node.address.partition("/")[0] not in kinds}
    return [
        Node(node.address, node.lasts, {a: later for a, later in node.after.items() if a in kept})
        for node in nodes
        if node.address in kept
    ]


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


def rated(nodes: Sequence[Node], calls: Calls, there: Collection[str] = ()) -> float:
    """Return the seconds that durations and AWS's rates force together, but for the luck that the module tells of.

    That is the longest chain or, if this is more, what one of AWS's buckets forces. Of some resources that are made (or
    removed) by calls on one bucket of `burst` tokens that gains `rate` a second:

    - none is called for before the longest chain to it allows, so none before the earliest of those moments;
    - until then the bucket is full at the most, so n calls have not gone before (n - burst) / rate seconds after it;
    - whichever of them goes last, what follows from it takes as long as its own longest chain to the end of the run,
      so at least as long as the shortest one of theirs.

    The sum of the three is a bound for each set of resources; it is taken for those that begin no earlier than a moment
    and have the longest chains to the end, for each moment and each number of them. Only one call is counted for each
    resource, and none for reads. It stays a bound from below: where several buckets follow upon one another no tool may
    reach it.

    Args:
        calls: which resource types are counted, and by which calls.
        there: the addresses that nothing is called for.
    """
    begins, ends = unlimited(nodes).begins, tails(nodes)
    drawn: dict[tuple[Limit, str], list[tuple[float, float]]] = defaultdict(list)
    for address in begins.keys() - set(there):
        service, operation = calls.get(address.partition("/")[0], ("", ""))
        for limit in limits_of(service, operation):
            own = operation if limit.draws == "each" else ""
            drawn[limit, own].append((begins[address], ends[address]))
    return max([unlimited(nodes).seconds, *(_drained(limit, pairs) for (limit, _), pairs in drawn.items())])


def _drained(limit: Limit, pairs: Sequence[tuple[float, float]]) -> float:
    """Return the bound of one bucket, from the earliest begin and the shortest tail of each that draws on it."""
    least = 0.0
    for moment in {begin for begin, _ in pairs}:
        chains = sorted((tail for begin, tail in pairs if begin >= moment), reverse=True)
        for number, tail in enumerate(chains, 1):
            least = max(least, moment + max(0.0, number - limit.burst) / limit.rate + tail)
    return least


def tails(nodes: Sequence[Node]) -> dict[str, float]:
    """Return for each resource the seconds from its begin to the end of the longest chain that goes on from it."""
    known = {node.address: node for node in nodes}
    found = {address: node.lasts for address, node in known.items()}
    # the walk goes to a resource after all that it waits for
    for user in reversed(list(unlimited(nodes).begins)):
        for need, later in known[user].after.items():
            found[need] = max(found[need], later + found[user])
    return found


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
    """Return the seconds of one resource after the other."""
    return sum(node.lasts for node in nodes)
