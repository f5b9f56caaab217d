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

from provisioner.cloud import durations as table
from provisioner.engine.kind import Kind
from provisioner.engine.step import Declared, Need
from provisioner.kinds.ecs_service import Service
from provisioner.kinds.elbv2 import TargetGroup

JOBS = 10
"""Terraform's default of `-parallelism`."""


@dataclass(frozen=True)
class Times:
    """AWS seconds that one thing takes beyond the calls themselves.

    Attributes:
        ready: from the answer to the create call until it is ready.
        told: until AWS tells what others need of it, where the create call's answer does not.
        known: from ready until the other services know it.
        gone: from the delete call until it is gone.
        released: from then until it lets go of its security groups and subnets.
    """

    ready: float = 0.0
    told: float = 0.0
    known: float = 0.0
    gone: float = 0.0
    released: float = 0.0


_TASK_START = table.TASK_INTERFACE.aws + table.TASK_PULL.aws + table.TASK_ACTIVATE.aws
_TASK_STOP = table.TASK_STOP.aws + table.TASK_DEPROVISION.aws
_FROM_ZERO = table.SCALING_LOOK.aws + table.INSTANCE_PENDING.aws + table.INSTANCE_REGISTER.aws

TIMES = {
    "role": Times(known=table.IAM_PROPAGATION.aws),
    "instance_profile": Times(known=table.IAM_PROPAGATION.aws),
    "vpc_endpoint": Times(ready=table.ENDPOINT_CREATE.aws, gone=table.ENDPOINT_DELETE.aws),
    "load_balancer": Times(ready=table.LOAD_BALANCER_CREATE.aws, released=table.LOAD_BALANCER_RELEASE.aws),
    "certificate": Times(
        ready=table.CERTIFICATE_RECORDS.aws + table.CERTIFICATE_ISSUED.aws,
        told=table.CERTIFICATE_RECORDS.aws,
        known=table.CERTIFICATE_USABLE.aws,
        gone=table.CERTIFICATE_FREE.aws,
    ),
    "private_dns_namespace": Times(
        ready=table.NAMESPACE_OPERATION.aws, told=table.NAMESPACE_OPERATION.aws, gone=table.NAMESPACE_OPERATION.aws
    ),
    "db_cluster": Times(ready=table.DB_CLUSTER_CREATE.aws, gone=table.DB_CLUSTER_DELETE.aws),
    "db_instance": Times(ready=table.DB_INSTANCE_CREATE.aws, gone=table.DB_INSTANCE_DELETE.aws),
    "capacity_provider": Times(ready=table.PROVIDER_CHANGE.aws, gone=table.PROVIDER_CHANGE.aws),
    "cluster_capacity_providers": Times(ready=table.PROVIDERS_ATTACH.aws, gone=table.PROVIDERS_ATTACH.aws),
    "auto_scaling_group": Times(gone=table.INSTANCE_SHUTDOWN.aws),
}
"""By kind; all others take no time of their own."""


def times(want: Kind) -> Times:
    """Return what one declared thing takes."""
    if isinstance(want, Service):
        on_fargate = [one["capacityProvider"].startswith("FARGATE") for one in want.capacity_provider_strategy]
        return Times(
            ready=_TASK_START + (0.0 if any(on_fargate) else _FROM_ZERO),
            gone=_TASK_STOP + (TargetGroup.deregistration_delay if want.load_balancers else 0.0),
            released=table.TASK_INTERFACE_RELEASE.aws,
        )
    if want.kind == "vpc_endpoint" and want.fields()["vpc_endpoint_type"] == "Gateway":
        return Times(gone=table.ENDPOINT_DELETE.aws)
    return TIMES.get(want.kind, Times())


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
    all_times = {address: times(item.want) for address, item in declared.items()}
    nodes = []
    for address, item in declared.items():
        after: dict[str, float] = {}
        for need in item.needs:
            lag = _lag(item.want, need, all_times[need.address], blocking=blocking)
            after[need.address] = max(after.get(need.address, 0.0), lag)
        nodes.append(Node(address, all_times[address].ready, after))
    return nodes


def _lag(want: Kind, need: Need, of: Times, *, blocking: bool) -> float:
    # an instance is begun when its cluster is available, whenever it was asked for
    member = want.kind == "db_instance" and need.address.startswith("db_cluster/")
    if want.kind == "validation_record":
        return of.told  # a certificate is ready only thanks to it: nobody waits for that here
    if blocking or need.ready or member:
        return of.ready + of.known
    return (of.told if need.output else 0.0) + of.known


def downwards(declared: Mapping[str, Declared], *, blocking: bool) -> list[Node]:
    """Return the walk that removes everything: each thing when all that were built on it are gone."""
    nodes = {address: Node(address, times(item.want).gone, {}) for address, item in declared.items()}
    for user, item in declared.items():
        of = times(item.want)
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
