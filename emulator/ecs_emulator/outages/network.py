"""Network access: from outside to a load balancer's nodes, and from the nodes to a task."""

from __future__ import annotations

from typing import Any

from ecs_emulator.clock import later, now
from ecs_emulator.ecs.records import Task
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.routes import reaches_internet
from ecs_emulator.security_groups import admit, allow_tcp

NAME_TTL = 60.0
"""Seconds for which clients still use the address of a removed node (Elastic Load Balancing user guide, "How Elastic
Load Balancing works": the TTL of a load balancer's DNS entry)."""
PORTS = {"HTTP": 80, "HTTPS": 443}
"""The port that clients use, by protocol."""

_subnets: dict[str, set[str]] = {}
"""The subnets of each load balancer's nodes at the last look."""
_left: dict[tuple[str, str], float] = {}
"""The moment until which clients use the address of a removed node, by load balancer and subnet."""


def begin() -> None:
    """Record the subnets of all nodes."""
    forget()
    _subnets.update({balancer.arn: _places(balancer) for _, balancer in _balancers()})


def forget() -> None:
    """Forget all nodes."""
    _subnets.clear()
    _left.clear()


def update() -> None:
    """Record the nodes that were removed since the last look."""
    for _, balancer in _balancers():
        for subnet in _subnets.get(balancer.arn, set()) - _places(balancer):
            _left[balancer.arn, subnet] = later(NAME_TTL)
        _subnets[balancer.arn] = _places(balancer)


def _balancers() -> list[tuple[Store, Any]]:
    return [(kept, balancer) for kept in stores() for balancer in kept.elbv2.load_balancers.values()]


def _places(balancer: Any) -> set[str]:
    return {subnet.id for subnet in balancer.subnets}


def shut(kept: Store, balancer: Any, port: int) -> str:
    """Return the reason why clients cannot reach a load balancer's nodes at a port; empty if all can."""
    if not admit(kept.ec2, balancer.security_groups, port):
        return f"no security group of its load balancer lets anybody in on port {port}"
    if any(not reaches_internet(kept.ec2, subnet) for subnet in _places(balancer)):
        return "a subnet of its load balancer has no route to the internet"
    known = [subnet for (arn, subnet), until in _left.items() if arn == balancer.arn and now() < until]
    if any(not reaches_internet(kept.ec2, subnet) for subnet in known):
        return f"clients use a node's address for {NAME_TTL:.0f} s after its subnet has lost the route to the internet"
    return ""


def enabled(balancer: Any, task: Task) -> bool:
    """Return whether a load balancer sends traffic to a task's zone, else `Target.NotInUse` (ELBv2, TargetHealth)."""
    return task.zone in {subnet.availability_zone for subnet in balancer.subnets}


def let_in(kept: Store, balancer: Any, task: Task, port: int) -> bool:
    """Return whether security groups let a load balancer's traffic, health checks included, reach a task."""
    return allow_tcp(kept.ec2, balancer.security_groups, groups_of(task), port)


def groups_of(task: Task) -> list[str]:
    """Return the security groups of a task."""
    network = task.spec.get("networkConfiguration") or {}
    return list(network.get("awsvpcConfiguration", {}).get("securityGroups", ()))
