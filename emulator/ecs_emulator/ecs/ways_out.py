"""Tells which of AWS's services a task cannot reach that it needs to be started, and why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_emulator import routes
from ecs_emulator.ecs.records import Task
from ecs_emulator.ecs.store import Store
from ecs_emulator.security_groups import allow_tcp, sends_out
from ecs_emulator.services.ec2.endpoints import settle

HTTPS = 443


def unreached(store: Store, task: Task) -> str:
    """Return the first service that has to be reached to start a task and is not: `ecr.api`, `s3`; empty if all are.

    On Fargate it is the task's own interface that all goes through, on an instance the instance's, since the agent does
    it. ECR's API and registry, S3 for the layers of images, CloudWatch Logs, and what has the secrets (ECS developer
    guide, "Amazon ECS interface VPC endpoints"; ECR user guide, "Considerations for Amazon ECR VPC endpoints").

    Of a VPC without an internet gateway and without endpoints nothing is known: nothing is said of it.
    """
    place = _place(store, task)
    if place is None or (ways := _ways(store, place)) is None:
        return ""
    for service in _needed(store, task):
        if not _reached(store, place, ways, service):
            return service
    ec2: Any = store.ec2
    gateway = routes.has_gateway_endpoint(ec2, place.subnet.id, "s3") and sends_out(
        ec2, place.groups, HTTPS, lists=True
    )
    return "" if gateway or ways.internet else "s3"


def reaches(store: Store, task: Task, service: str) -> bool:
    """Whether a task itself, through its own interface, reaches a service: as far as anything is known of its VPC."""
    interface: Any = store.ec2.enis.get(task.interface)
    place = _of(interface) if interface is not None else _place(store, task)
    if place is None or (ways := _ways(store, place)) is None:
        return True
    return _reached(store, place, ways, service)


@dataclass(frozen=True)
class _Place:
    """Subnet and security groups of an interface, and whether it has a public address."""

    subnet: Any
    groups: Collection[str]
    public: bool


@dataclass(frozen=True)
class _Ways:
    """The endpoints around an interface, and whether it reaches the internet."""

    endpoints: Sequence[Any]
    internet: bool


def _ways(store: Store, place: _Place) -> _Ways | None:
    """Return the ways out of a place; None if nothing is known of them."""
    ec2: Any = store.ec2
    settle(ec2)
    vpc = place.subnet.vpc_id
    endpoints = [one for one in ec2.vpc_end_points.values() if one.vpc_id == vpc]
    gateways = [one for one in ec2.internet_gateways.values() if one.vpc and one.vpc.id == vpc]
    if not endpoints and not gateways:
        return None
    public = place.public and routes.reaches_internet(ec2, place.subnet.id)
    out = public or routes.has_nat(ec2, place.subnet.id)
    return _Ways(endpoints, out and sends_out(ec2, place.groups, HTTPS))


def _reached(store: Store, place: _Place, ways: _Ways, service: str) -> bool:
    inside = [one for one in ways.endpoints if _serves(one, service)]
    # its name resolves to the endpoint's addresses, also where there is another way
    let = any(allow_tcp(store.ec2, place.groups, one.security_group_ids, HTTPS) for one in inside)
    return let if inside else ways.internet


def _needed(store: Store, task: Task) -> Iterator[str]:
    yield from ("ecr.api", "ecr.dkr")
    containers = task.definition.shape["containerDefinitions"]
    if any(one.get("logConfiguration", {}).get("logDriver") == "awslogs" for one in containers):
        yield "logs"
    values = [one["valueFrom"] for container in containers for one in container.get("secrets") or ()]
    if any(":secretsmanager:" in value for value in values):
        yield "secretsmanager"
    if any(":secretsmanager:" not in value for value in values):
        yield "ssm"


def _serves(endpoint: Any, service: str) -> bool:
    """Whether an interface endpoint has taken over a service's name."""
    usual = str(endpoint.service_name or "").endswith(f".{service}") and endpoint.vpc_endpoint_type == "Interface"
    return usual and endpoint.state == "available" and bool(endpoint.private_dns_enabled)


def _place(store: Store, task: Task) -> _Place | None:
    """Return where the interface is that a task is started by."""
    ec2: Any = store.ec2
    if task.instance:
        found = store.instances.get(task.instance)
        host = ec2.get_instance_by_id(found.ec2_id) if found else None
        interface = next(iter(host.nics.values()), None) if host else None
    else:
        interface = ec2.enis.get(task.interface)
    return None if interface is None else _of(interface)


def _of(interface: Any) -> _Place:
    return _Place(interface.subnet, [group.id for group in interface.group_set], bool(interface.public_ip))
