"""The least time that AWS allows a run: the durations of the embedded cloud on the graph of resources.

Three walks over the same graph and the same durations, without time for calls: the longest chain (no tool can be
faster), a walk that begins a resource only when its dependencies are ready, ten at once (Terraform's way), and one
resource after the other (a playbook's way).

With many resources, AWS's rates add time; see `rated` for the least of it.

One counted duration may be shorter in a real run: managed scaling looks for tasks without an instance once a minute,
and the whole minute is counted. If a service on instances is the longest chain, a lucky run is up to a minute faster.
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
"""The create calls of the types with as many resources as services, or with a rate of less than one a second."""
REMOVES: Calls = {
    "listener_rule": (LOAD_BALANCING, "DeleteRule"),
    "log_group": ("logs", "DeleteLogGroup"),
    "role": ("iam", "DeleteRole"),
    "security_group": ("ec2", "DeleteSecurityGroup"),
    "service": ("ecs", "DeleteService"),
    "target_group": (LOAD_BALANCING, "DeleteTargetGroup"),
    "task_definition": ("ecs", "DeregisterTaskDefinition"),
}
"""The delete calls of these types except endpoints: one call may remove many of them."""


@dataclass(frozen=True)
class Node:
    """One resource of a walk: its duration, and for each dependency the seconds after the dependency's begin."""

    address: str
    lasts: float
    after: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Walked:
    """The begin and the end of each resource, and the dependency that it waited for last."""

    begins: Mapping[str, float]
    ends: Mapping[str, float]
    because: Mapping[str, str | None]

    @property
    def seconds(self) -> float:
        """The seconds of the whole walk."""
        return max(self.ends.values())

    def chain(self) -> list[str]:
        """Return the addresses of the longest chain, in order."""
        address: str | None = max(self.ends, key=lambda one: self.ends[one])
        found: list[str] = []
        while address is not None:
            found.append(address)
            address = self.because[address]
        return found[::-1]


def for_up(
    declared: Mapping[str, Declared], *, blocking: bool, of: Seconds = on_aws, there: Collection[str] = ()
) -> list[Node]:
    """Return the walk that creates everything.

    Args:
        blocking: each resource begins only when its dependencies are ready.
        of: returns the seconds of an operation.
        there: the addresses of resources that are ready from the start.
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
    """Return the walk that removes everything: each resource when all its dependents are gone."""
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
    """Return the walk without the resources of these types, as if nothing depended on them."""
    kept = {node.address for node in nodes if node.address.partition("/")[0] not in kinds}
    return [
        Node(node.address, node.lasts, {a: later for a, later in node.after.items() if a in kept})
        for node in nodes
        if node.address in kept
    ]


def unlimited(nodes: Sequence[Node]) -> Walked:
    """Walk without a limit on parallel work: each resource begins as soon as its dependencies allow."""
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
    """Return the least seconds that durations and AWS's rates allow together; see the module for one exception.

    This is the longest chain or, if larger, the bound of one of AWS's token buckets. For any set of resources that are
    created (or removed) by calls on one bucket of `burst` tokens that gains `rate` a second:

    - no call is made before the longest chain to its resource allows, so none before the earliest of these moments;
    - at that moment the bucket is at most full, so n calls take at least (n - burst) / rate seconds from then on;
    - after the last call, the rest of the run takes that resource's longest chain to the end of the run, so at least
      the shortest of these chains.

    The sum of the three is a lower bound for each set. It is computed for each moment and each number n: the set of the
    n resources with the longest chains to the end that begin no earlier than the moment. Only one call is counted for
    each resource, and no reads. With several buckets one after the other, no tool may reach the bound.

    Args:
        calls: the counted resource types, with their calls.
        there: the addresses that need no call.
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
    """Return the bound of one bucket, from the begin and the tail of each call that draws on it."""
    least = 0.0
    for moment in {begin for begin, _ in pairs}:
        chains = sorted((tail for begin, tail in pairs if begin >= moment), reverse=True)
        for number, tail in enumerate(chains, 1):
            least = max(least, moment + max(0.0, number - limit.burst) / limit.rate + tail)
    return least


def tails(nodes: Sequence[Node]) -> dict[str, float]:
    """Return for each resource the seconds from its begin to the end of the longest chain that follows from it."""
    known = {node.address: node for node in nodes}
    found = {address: node.lasts for address, node in known.items()}
    # the walk has each resource after its dependencies
    for user in reversed(list(unlimited(nodes).begins)):
        for need, later in known[user].after.items():
            found[need] = max(found[need], later + found[user])
    return found


def limited(nodes: Sequence[Node], jobs: int = JOBS) -> float:
    """Walk with at most so many resources at once, each until it is done; return the seconds of the whole walk.

    In a blocking walk a dependency has ended, or is known everywhere, when its dependent begins.
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
            continue  # resources without a duration may have freed others
        soon = [begun[a] + lag for one in waiting.values() for a, lag in one.after.items() if a in begun]
        now = min(moment for moment in (*running, *soon) if moment > now)
        while running and running[0] <= now:
            heapq.heappop(running)
    return now


def sequential(nodes: Sequence[Node]) -> float:
    """Return the seconds of a walk with one resource after the other."""
    return sum(node.lasts for node in nodes)
