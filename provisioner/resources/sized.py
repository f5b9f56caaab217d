"""Numbers and costs of a stack's tasks and container instances by its settings: idle, as declared, and at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from provisioner.config import instances
from provisioner.config.due import last_due
from provisioner.config.instances import Room
from provisioner.engine.costs import HOURS, Around, Cost, Settings, Units, by_load, hourly, monthly

FARGATE = "FARGATE"
"""The beginning of the names of Fargate's capacity providers, and of no others (ECS API, CreateCapacityProvider)."""
SPOT = "FARGATE_SPOT"
ARM = "ARM64"
STORAGE = "fargate.storage"
A_WEEK = 1_780_272_000
"""The beginning of a week, on a Monday, by which schedules are counted."""
FREE_DISK = 20
"""GiB of each task that are not charged for (AWS Fargate pricing)."""


class Numbers(NamedTuple):
    """The numbers of a kind of resource: idle, as declared, at most."""

    idle: int
    usual: int
    most: int

    def units(self, each: float) -> Units:
        """Return the numbers in units, given the units of each resource."""
        return Units(*self).times(each)


def tasks(name: str, service: Settings, around: Around) -> Numbers:
    """Return a service's numbers of tasks; with scaling, between its bounds."""
    count = int(service.get("desired_count") or 0)
    target = around.get("scalable_target", name)
    if not target:
        return Numbers(count, count, count)
    times = [one for called, one in around.of("scheduled_action") if called.partition(".")[0] == name]
    least = _on_average(times) if times else int(target.get("min_capacity") or 0)
    most = max(int(one.get("max_capacity") or 0) for one in (target, *times))
    return Numbers(least, min(max(count, least), most), most)


def _on_average(times: Sequence[Settings]) -> int:
    """Return the average minimum of a week under these scheduled actions, rounded up."""
    found = []
    for hour in range(7 * 24):
        moment = A_WEEK + hour * 3600
        due = [(last_due(str(one["schedule"]), str(one["timezone"]), moment), one) for one in times]
        known = [(at, int(one.get("min_capacity") or 0)) for at, one in due if at is not None]
        found.append(max(known)[1] if known else 0)
    return ceil(sum(found) / len(found))


def on_fargate(service: Settings) -> bool:
    """Return whether a service runs on Fargate."""
    providers = [str(one.get("capacityProvider")) for one in service.get("capacity_provider_strategy") or ()]
    return bool(providers) and all(one.startswith(FARGATE) for one in providers)


def task_costs(name: str, service: Settings, around: Around) -> list[Cost]:
    """Return the costs of a Fargate service's tasks: vCPU and memory, at the full price and as Spot."""
    numbers, sizes = tasks(name, service, around), _size(name, around)
    full = Numbers(*(_at_full_price(number, service) for number in numbers))
    spot = Numbers(*(number - one for number, one in zip(numbers, full, strict=True)))
    found = [
        Cost(f"{each.usual} × {size:g} {unit}{more}", key, each.units(size * HOURS), "capacity", guess)
        for each, more, guess in ((full, "", ""), (spot, ", Spot", "spot.fargate"))
        for key, (unit, size) in sizes.items()
        if any(each)
    ]
    if (disk := _disk(name, around)) and any(numbers):
        what = f"{numbers.usual} × {disk} GB of disk beyond {FREE_DISK}"
        found.append(Cost(what, STORAGE, numbers.units(disk * HOURS), "capacity"))
    if service.get("assign_public_ip") == "ENABLED" and any(numbers):
        found.append(Cost("public addresses of tasks", "ipv4.hour", numbers.units(HOURS), "capacity"))
    return found


def run_costs(name: str, around: Around) -> Iterator[Cost]:
    """Yield the costs of a job's task while it runs."""
    for key, (unit, size) in _size(name, around).items():
        yield by_load(f"an hour of a run of {name}, {size:g} {unit}", key, per=size)
    if disk := _disk(name, around):
        yield by_load(f"an hour of a run of {name}, {disk} GB of disk beyond {FREE_DISK}", STORAGE, per=disk)


def _disk(name: str, around: Around) -> int:
    """Return the GiB of a task's disk that Fargate charges for, of Spot tasks too (AWS Fargate pricing)."""
    size = (around.get("task_definition", name).get("ephemeral_storage") or {}).get("sizeInGiB", FREE_DISK)
    return max(0, int(size) - FREE_DISK)


def _size(name: str, around: Around) -> dict[str, tuple[str, float]]:
    """Return a task's unit and number of units, by the key of their price."""
    task = around.get("task_definition", name)
    arm = ".arm" if (task.get("runtime_platform") or {}).get("cpuArchitecture") == ARM else ""
    cpu, memory = int(task.get("cpu") or 0) / 1024, int(task.get("memory") or 0) / 1024
    return {f"fargate{arm}.vcpu": ("vCPU", cpu), f"fargate{arm}.gb": ("GB", memory)}


def _at_full_price(number: int, service: Settings) -> int:
    """Return how many of these tasks are not Spot: the base first, then a share of the rest by weight."""
    weights, base = Counter[bool](), 0
    for one in service.get("capacity_provider_strategy") or ():
        spot = one.get("capacityProvider") == SPOT
        weights[spot] += int(one.get("weight") or 0)
        base += 0 if spot else int(one.get("base") or 0)
    first = min(number, base)
    whole = weights.total()
    return first + (ceil((number - first) * weights[False] / whole) if whole else 0)


def instance_costs(name: str, group: Settings, around: Around) -> list[Cost]:
    """Return the costs of a group's instances and their disks, as if all were of its first instance type."""
    policy = group.get("mixed_instances_policy") or {}
    template = policy.get("LaunchTemplate") or {}
    types = [one["InstanceType"] for one in template.get("Overrides") or () if one.get("InstanceType")]
    if not types:
        return []
    number = _instances(name, types, group, around)
    share = (policy.get("InstancesDistribution") or {}).get("OnDemandPercentageAboveBaseCapacity", 100)
    guess = "" if share else "spot.ec2"
    what = f"{number.usual} × {types[0]}{', Spot' if guess else ''}"
    return [Cost(what, f"ec2.{types[0]}", number.units(HOURS), "capacity", guess), *_disks(name, number, around)]


def _disks(name: str, number: Numbers, around: Around) -> list[Cost]:
    data = around.get("launch_template", name).get("launch_template_data") or {}
    disks = [one.get("Ebs") or {} for one in data.get("BlockDeviceMappings") or ()]
    return [
        Cost(
            f"{number.usual} × {disk['VolumeSize']} GB of disk",
            f"ebs.{disk.get('VolumeType', 'gp2')}",
            number.units(disk["VolumeSize"]),
            "capacity",
        )
        for disk in disks
        if disk.get("VolumeSize")
    ]


def _instances(name: str, types: list[str], group: Settings, around: Around) -> Numbers:
    """Return how many instances the tasks need that run on them; at most, the group's maximum.

    If no instance type's size follows from its name, one instance is taken as enough.
    """
    most = int(group.get("max_size") or 0)
    least = int(around.get("minimum_size", name).get("min_size") or 0)
    sizes = {one: size for one in types if (size := instances.by_name(one))}
    trunking = any(one.get("value") == "enabled" for _, one in around.of("account_setting"))
    room = instances.surely(sizes, trunking=trunking) if sizes else None
    needs = [Counter[Room]() for _ in Numbers._fields]
    for service, settings in around.of("service"):
        task = around.get("task_definition", service)
        if not on_fargate(settings) and task:
            need_of_one = Room(int(task.get("cpu") or 0) or 1, int(task.get("memory") or 0) or 1)
            for need, number in zip(needs, tasks(service, settings, around), strict=True):
                need[need_of_one] += number
    idle, usual, _ = (
        (instances.packed([*need.items()], room) if room else int(need.total() > 0)) if need.total() else 0
        for need in needs
    )
    return Numbers(min(max(idle, least), most), min(max(usual, least), most), most)


def watching_costs(settings: Settings, around: Around) -> list[Cost]:
    """Return the costs of a cluster's Container Insights, if it is on: its metrics are charged as custom metrics.

    The cluster has 11; each service has 13, and its family of task definitions 8 (CloudWatch user guide, Amazon ECS
    Container Insights metrics: the table of metrics by dimensions).
    """
    on = {one.get("name"): one.get("value") for one in settings.get("settings") or ()}
    if on.get("containerInsights", "disabled") == "disabled":
        return []
    number = 11 + (13 + 8) * sum(1 for _ in around.of("service"))
    return [monthly(f"{number} metrics of Container Insights", "metric.month", number)]


def public_addresses(number: int) -> Cost:
    """Return the costs of public IPv4 addresses."""
    return hourly(f"{number} public IPv4 {'address' if number == 1 else 'addresses'}", "ipv4.hour", number)
