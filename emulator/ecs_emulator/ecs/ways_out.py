"""Network paths of tasks: find a service of AWS that a task needs to start and cannot reach."""

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
    """Return the first service that a task needs to start and cannot reach: `ecr.api`, `s3`; empty if all are reached.

    On Fargate all traffic goes through the task's own interface, on an instance through the instance's, since the agent
    sends it. A task needs ECR's API and registry, S3 for the layers of images, CloudWatch Logs, and the store of its
    secrets (ECS developer guide, "Amazon ECS interface VPC endpoints"; ECR user guide, "Considerations for Amazon ECR
    VPC endpoints").
    A VPC without an internet gateway and without endpoints is incomplete: for it the result is empty.
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
    """Return whether a task reaches a service through its own interface; True if its VPC is incomplete."""
    interface: Any = store.ec2.enis.get(task.interface)
    place = _of(interface) if interface is not None else _place(store, task)
    if place is None or (ways := _ways(store, place)) is None:
        return True
    return _reached(store, place, ways, service)


@dataclass(frozen=True)
class _Place:
    """The subnet, the security groups and the address of an interface, and whether it has a public one too."""

    subnet: Any
    groups: Collection[str]
    address: str
    public: bool


@dataclass(frozen=True)
class _Ways:
    """The endpoints around an interface, and whether it reaches the internet."""

    endpoints: Sequence[Any]
    internet: bool


def _ways(store: Store, place: _Place) -> _Ways | None:
    """Return the network paths from a place; None if its VPC is incomplete."""
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
    # the service's name resolves to the endpoint's addresses, even if another path exists
    return any(_lets_in(store.ec2, place, one) for one in inside) if inside else ways.internet


def _lets_in(ec2: Any, place: _Place, endpoint: Any) -> bool:
    """Return whether an endpoint is reached at each of its addresses: its name leads to all of them in turn."""
    found = (ec2.enis.get(one) for one in endpoint.network_interface_ids)
    addresses = [interface.private_ip_address for interface in found if interface is not None]
    return bool(addresses) and all(
        allow_tcp(ec2, place.groups, endpoint.security_group_ids, HTTPS, sent_from=place.address, sent_to=one)
        for one in addresses
    )


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
    """Return whether an interface endpoint has taken over a service's name."""
    usual = str(endpoint.service_name or "").endswith(f".{service}") and endpoint.vpc_endpoint_type == "Interface"
    return usual and endpoint.state == "available" and bool(endpoint.private_dns_enabled)


def _place(store: Store, task: Task) -> _Place | None:
    """Return the place of the interface that starts a task; None if it has none."""
    ec2: Any = store.ec2
    if task.instance:
        found = store.instances.get(task.instance)
        host = ec2.get_instance_by_id(found.ec2_id) if found else None
        interface = next(iter(host.nics.values()), None) if host else None
    else:
        interface = ec2.enis.get(task.interface)
    return None if interface is None else _of(interface)


def _of(interface: Any) -> _Place:
    groups = [group.id for group in interface.group_set]
    return _Place(interface.subnet, groups, interface.private_ip_address, bool(interface.public_ip))
