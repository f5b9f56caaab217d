"""Translate a task definition: its main container, the size of its tasks, and their image."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.config import validators as values
from provisioner.migration.ecs import container, image, sidecars
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Keys, Workload

KEYS = Keys(
    read=frozenset(
        {
            *("taskDefinitionArn", "containerDefinitions", "family", "executionRoleArn", "networkMode", "revision"),
            *("status", "requiresAttributes", "compatibilities", "requiresCompatibilities", "cpu", "memory"),
            *("registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt", "runtimePlatform", "taskRoleArn"),
            *("volumes", "ephemeralStorage"),
        }
    ),
    why={
        "enableFaultInjection": "no faults are injected here",
        "inferenceAccelerators": "accelerators cannot be asked for",
        "ipcMode": "containers share nothing with each other or their host",
        "pidMode": "containers share nothing with each other or their host",
        "placementConstraints": "ECS chooses the instance",
        "proxyConfiguration": "App Mesh is not used: callers find a service by name",
    },
)
USUAL_STORAGE = 20
"""GiB that a task on Fargate has by default (ECS API reference, EphemeralStorage)."""


def fill(workload: Workload, definition: Answer, named: Sequence[str]) -> Answer | None:
    """Write the settings of a task definition into the table, and note the rest; return the main container.

    Args:
        named: the containers to which the service's load balancers and registries lead.

    Returns:
        None, with a note, if the workload is left out.
    """
    platform = definition.get("runtimePlatform") or {}
    if str(platform.get("operatingSystemFamily", "LINUX")) != "LINUX":
        workload.leave("runtimePlatform", f"only Linux runs here: {workload.name} is left out", "all")
        return None
    main = _main(workload, definition.get("containerDefinitions") or (), named)
    if main is None:
        return None
    if not image.fill(workload, definition, main):
        return None
    if platform.get("cpuArchitecture") == "ARM64":
        workload.table["architecture"] = "arm64"
    _network_mode(workload, definition)
    _role(workload, definition)
    _size(workload, definition, main)
    _volumes(workload, definition, main)
    sidecars.fill(workload, definition, main)
    KEYS.leave_rest(definition, workload.leave)
    return main


def _main(workload: Workload, containers: Sequence[Answer], named: Sequence[str]) -> Answer | None:
    """Return the main container: the only one by name, by traffic, at all, or that is essential; None if unclear."""
    essential = [one for one in containers if one.get("essential", True)]
    reached = [one for one in containers if one.get("name") in named]
    called = [one for one in containers if one.get("name") == workload.name]
    chosen = next((found[0] for found in (called, reached, containers, essential) if len(found) == 1), None)
    if chosen is None:
        names = ", ".join(str(one.get("name")) for one in containers)
        workload.leave(
            "containerDefinitions", f"which of {names} is the service is not said: {workload.name} is left out", "all"
        )
        return None
    return chosen


def _network_mode(workload: Workload, definition: Answer) -> None:
    mode = definition.get("networkMode") or "bridge"
    if mode != "awsvpc":
        why = "each task has an address of its own here (awsvpc), and is reached at the container's port"
        workload.leave("networkMode", f"{mode}: {why}")


def _role(workload: Workload, definition: Answer) -> None:
    if arn := str(definition.get("taskRoleArn") or ""):
        name = arn.rpartition("/")[2]
        workload.leave("taskRoleArn", f"the actions of {name} are not read: name its policies in policies")


def _size(workload: Workload, definition: Answer, main: Answer) -> None:
    """Write CPU and memory of the task into the table; on instances, its containers may have them instead."""
    on_fargate = workload.job or workload.table.get("launch") != "ec2"
    if not on_fargate and not definition.get("memory") and main.get("memoryReservation"):
        if not main.get("memory"):
            why = "is a soft limit, and is written as memory, beyond which a container is ended"
            workload.leave("memoryReservation", why)
    elif main.get("memoryReservation") and main.get("memory"):
        workload.leave("memoryReservation", "a container has the memory of its task here")
    containers = definition.get("containerDefinitions") or ()
    cpu = _number(definition.get("cpu")) or sum(_number(one.get("cpu")) for one in containers)
    memory = _number(definition.get("memory")) or sum(
        _number(one.get("memory")) or _number(one.get("memoryReservation")) for one in containers
    )
    if on_fargate:
        for key, why in values.fargate_size(cpu or 0, memory or 0):
            workload.leave(key, why)
            return
    workload.table |= {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    if not cpu or not memory:
        workload.leave("cpu" if not cpu else "memory", "is not limited; here it is: write cpu and memory")


def _number(value: object) -> int:
    return int(str(value)) if str(value).isdecimal() else 0


def _volumes(workload: Workload, definition: Answer, main: Answer) -> None:
    mounted = {one.get("sourceVolume"): one.get("containerPath") for one in main.get("mountPoints") or ()}
    for one in definition.get("volumes") or ():
        name = str(one.get("name", ""))
        if mounted.get(name) in container.EXEC_FOLDERS and one.keys() <= {"name", "host"}:
            continue
        kind = next((key for key in one if key not in ("name", "host", "configuredAtLaunch")), "")
        what = "EFS" if kind == "efsVolumeConfiguration" else kind.removesuffix("Configuration") or "a host's directory"
        why = "put lasting data into [volumes.NAME], a database or a bucket, which begin empty"
        workload.leave(f"volumes.{name}", f"{what}: {why}")
    size = (definition.get("ephemeralStorage") or {}).get("sizeInGiB", USUAL_STORAGE)
    if size != USUAL_STORAGE and (workload.job or workload.table.get("launch") != "ec2"):
        workload.table["ephemeral_storage"] = size
