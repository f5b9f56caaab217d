"""Place tasks: choose the capacity provider, and for a provider with instances the container instance."""

from __future__ import annotations

from collections import Counter

from ecs_emulator import durations, faults
from ecs_emulator.clock import later
from ecs_emulator.ecs.container_instances import remaining, size
from ecs_emulator.ecs.records import FARGATE, NEVER, ContainerInstance, Shape, Task
from ecs_emulator.ecs.store import Store


def place(store: Store, task: Task) -> bool:
    """Give a task its provider and, on instances, its instance. Return whether the task may exist.

    Without room a task of a managed capacity provider waits in PROVISIONING; a task of launch type EC2 does not exist.
    """
    strategy = task.spec.get("capacityProviderStrategy")
    if strategy:
        task.provider = task.provider or choose(store, task, strategy)
        task.launch_type = "FARGATE" if task.provider in FARGATE else "EC2"
    else:
        task.launch_type = task.spec["launchType"]
    if task.launch_type == "FARGATE":
        if task.provider == "FARGATE_SPOT" and faults.current.strike("spot-short", f"ecs:{task.group}"):
            return False
        task.next_at = later(durations.TASK_INTERFACE)
        return True
    instance = _instance(store, task)
    if instance is not None:
        task.instance, task.zone = instance.arn, instance.attributes["ecs.availability-zone"]
        task.next_at = later(durations.TASK_INTERFACE)
        return True
    task.next_at = NEVER
    return bool(task.provider)


def choose(store: Store, task: Task, strategy: list[Shape]) -> str:
    """Return the provider for the next task: bases first, then in proportion to the weights.

    A provider without a weight gets no task, even with a base (ECS API, CapacityProviderStrategyItem).
    """
    counts = Counter(
        other.provider
        for other in store.tasks_of(task.cluster)
        if other.group == task.group and other.deployment == task.deployment and other.desired == "RUNNING"
    )
    weighted = [entry for entry in strategy if entry["weight"]]
    for entry in weighted:
        if counts[entry["capacityProvider"]] < entry["base"]:
            return str(entry["capacityProvider"])
    turn = min(weighted, key=lambda one: (counts[one["capacityProvider"]] - one["base"]) / one["weight"])
    return str(turn["capacityProvider"])


def shortage(store: Store, task: Task) -> str:
    """Return the reason why no instance was found for a task."""
    _, memory = size(task)
    there = [one for one in store.instances_of(task.cluster) if task.provider in ("", one.provider)]
    if task.provider and not there:
        return "EMPTY CAPACITY PROVIDER"
    free = [remaining(store, instance) for instance in there if instance.status == "ACTIVE"]
    if task.provider and not free:
        return "NO ACTIVE INSTANCES"
    if not any(left[1] >= memory for left in free):
        return "RESOURCE:MEMORY"
    return "RESOURCE:ENI" if all(left[2] < 1 for left in free) else "RESOURCE:CPU"


def failures(store: Store, task: Task) -> list[Shape]:
    """Return the failures of a task without a place: one for each instance of the cluster, with its shortage.

    Developer guide, "API failure reasons": AGENT for an instance whose agent cannot be reached.
    """
    if task.launch_type == "FARGATE" or task.provider:
        return [{"arn": store.clusters[task.cluster].arn, "reason": shortage(store, task)}]
    return [{"arn": one.arn, "reason": _lack(store, task, one)} for one in store.instances_of(task.cluster)]


def _lack(store: Store, task: Task, instance: ContainerInstance) -> str:
    cpu, memory = size(task)
    free = remaining(store, instance)
    if not instance.connected:
        return "AGENT"
    if instance.status != "ACTIVE":
        return instance.status
    if memory > free[1]:
        return "RESOURCE:MEMORY"
    if cpu > free[0]:
        return "RESOURCE:CPU"
    return "RESOURCE:ENI" if free[2] < 1 else "ATTRIBUTE"


def fits(need: tuple[int, int], free: tuple[int, int, int]) -> bool:
    """Return whether a task with this CPU and memory, and one interface, fits into the free capacity."""
    return need[0] <= free[0] and need[1] <= free[1] and free[2] >= 1


def _instance(store: Store, task: Task) -> ContainerInstance | None:
    """Return an instance with room in the zone with fewest tasks of the group, then with fewest tasks."""
    need, zones = size(task), _zones(store, task)
    candidates = [
        instance
        for instance in store.instances_of(task.cluster)
        if instance.status == "ACTIVE"
        and instance.connected
        and task.provider in ("", instance.provider)
        and (not zones or instance.attributes["ecs.availability-zone"] in zones)
        and fits(need, remaining(store, instance))
    ]
    if not candidates:
        return None
    spread = Counter(other.zone for other in store.tasks_of(task.cluster) if other.group == task.group)
    return min(
        candidates, key=lambda one: (spread[one.attributes["ecs.availability-zone"]], len(store.tasks_on(one)), one.arn)
    )


def _zones(store: Store, task: Task) -> set[str]:
    # a task's interface must be in the zone of its instance
    network = task.spec.get("networkConfiguration")
    if not network:
        return set()
    wanted = network["awsvpcConfiguration"]["subnets"]
    return {subnet.availability_zone for subnet in store.ec2.describe_subnets() if subnet.id in wanted}
