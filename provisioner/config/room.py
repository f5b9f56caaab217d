"""Warnings of limits that a deployment or a scale-out will reach: addresses, targets, instances. It makes no call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from provisioner.config import instances
from provisioner.config.instances import Needs, Room, Size
from provisioner.config.models import Config
from provisioner.config.services import Service

TARGETS = 1000
"""The most targets of an Application Load Balancer, unless the quota L-7E6692B2 was raised (Elastic Load Balancing
quotas)."""

Number = Callable[[Service], int]
"""Return the number of tasks of a service: at the start, in a deployment, or at most."""


def started(service: Service) -> int:
    """Return how many tasks a service starts with."""
    return service.count


def deployed(service: Service) -> int:
    """Return how many tasks run while a deployment replaces all tasks of `count` at once."""
    return service.during_deployment(service.count)


def scaled_out(service: Service) -> int:
    """Return how many tasks run at the most: a deployment replaces all tasks of `scaling.max` at once."""
    return service.during_deployment(service.most)


def warnings(config: Config, types: Mapping[str, Size]) -> Iterator[str]:
    """Yield limits that do not matter at first but that a deployment or a scale-out will reach, with a fix for each.

    Args:
        types: the sizes of the instance types, by name; empty if AWS does not tell them.
    """
    yield from _few_addresses(config)
    public = sum(scaled_out(service) for service in config.services.values() if service.public)
    if public > TARGETS:
        yield (
            f"services.*.scaling.max (or count) allows {public} public tasks while all are replaced, but a "
            f"load balancer has {TARGETS} targets: lower it, or request more of the quota L-7E6692B2 of Elastic "
            f"Load Balancing"
        )
    if types and on_instances(config, started):
        yield from _few_interfaces(config, types)
        yield from _few_instances(config, types)


def _few_addresses(config: Config) -> Iterator[str]:
    hosts = 0
    if on_instances(config, started):
        # a trunk is an interface with an address of its own
        hosts = config.capacity.max * (2 if config.account.trunking else 1)
    free = config.network.addresses()
    for number, when in ((deployed, "while all are replaced"), (scaled_out, "at scaling.max while all are replaced")):
        # each job may run at the same time
        tasks = sum(map(number, config.services.values())) + len(config.jobs)
        if tasks + hosts > free:
            others = f" and {hosts} interfaces of instances" if hosts else ""
            yield (
                f"network.cidr: the private subnets of {config.network.cidr} have {free} addresses for {tasks} tasks "
                f"{when}{others}, and tasks beyond that fail to start: lower services.*.scaling.max, or raise "
                f"network.zones"
            )
            return


def on_instances(config: Config, number: Number) -> Needs:
    """Return the needs of the tasks of the services on EC2: each size, and the number of tasks of that size."""
    needs = Counter[Room]()
    for service in config.services.values():
        if service.launch == "ec2":
            needs[Room(service.cpu, service.memory)] += number(service)
    return [*needs.items()]


def too_many_tasks(config: Config, types: Mapping[str, Size]) -> str:
    """Return an error if `capacity.max` instances can never run the first tasks of the services; else empty."""
    needs, most = on_instances(config, started), config.capacity.max
    room = instances.possibly(types, trunking=config.account.trunking)
    if not needs or (wanted := instances.least(needs, room)) <= most:
        return ""
    memory = max(size.memory for size in types.values())
    limit = f" and room for {room.tasks} tasks" if room.tasks < instances.UNLIMITED else ""
    return (
        f'capacity.max is {most}, but the services with launch = "ec2" begin with {_sum(needs)} (count), which need '
        f"{wanted} instances or more: one has {room.cpu} CPU units, {memory} MiB{limit}. Set capacity.max = "
        f"{_wanted(config, types, deployed)}, which is enough for a deployment too, use larger "
        f"capacity.instance_types, or lower services.*.count"
    )


def _few_instances(config: Config, types: Mapping[str, Size]) -> Iterator[str]:
    """Yield warnings if tasks would have to wait for room: at first, in a deployment, or at a scale-out."""
    most, name = config.capacity.max, f"capacity.max = {config.capacity.max}"
    for_all = _wanted(config, types, deployed)
    if (wanted := _wanted(config, types, started)) > most:
        yield (
            f"{name} is hardly enough for {_sum(on_instances(config, started))} to begin with: set {wanted}, or "
            f"{for_all} to replace all at once"
        )
    elif stuck := _stuck(config, types):
        yield (
            f"{name} has no room for one task more of services.{', services.'.join(stuck)}, without which no "
            f"deployment of it can go on: set {for_all}, which is enough to replace all at once"
        )
    elif for_all > most:
        yield f"{name} has no room to replace all tasks at once, so that deployments take longer: set {for_all}"
    if (wanted := _wanted(config, types, lambda service: service.most)) > most:
        yield (
            f"{name} has no room for all tasks that services.*.scaling.max allows: set {wanted}, or lower scaling.max"
        )


def _stuck(config: Config, types: Mapping[str, Size]) -> list[str]:
    """Return the services that have no room for one more task beside the first tasks of all services."""
    room = instances.surely(types, trunking=config.account.trunking)
    first = on_instances(config, started)
    large = [size for size, _ in first if instances.packed([*first, (size, 1)], room) > config.capacity.max]
    return [
        name
        for name, service in config.services.items()
        if service.launch == "ec2" and Room(service.cpu, service.memory) in large
    ]


def _few_interfaces(config: Config, types: Mapping[str, Size]) -> Iterator[str]:
    """Yield warnings of instance types that run few tasks because they lack ENI trunking."""
    for name, size in types.items():
        if config.account.trunking and instances.trunkless(name) and size.interfaces:
            yield (
                f"capacity.instance_types: {name} has no ENI trunking (ECS developer guide), so that an instance runs "
                f"{size.interfaces - 1} tasks at most: use another type, such as c5.large, which runs 10"
            )


def _wanted(config: Config, types: Mapping[str, Size], number: Number) -> int:
    """Return how many instances are enough for a number of tasks of each service."""
    room = instances.surely(types, trunking=config.account.trunking)
    return instances.packed(on_instances(config, number), room)


def _sum(needs: Needs) -> str:
    tasks = sum(number for _, number in needs)
    cpu, memory = (sum(getattr(need, one) * number for need, number in needs) for one in ("cpu", "memory"))
    return f"{tasks} tasks of {cpu} CPU units and {memory} MiB in all"
