"""Converts a container definition of ECS into what Docker's create call takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecs_emulator.containers.authority import BUNDLE, BUNDLE_FOLDER
from ecs_emulator.containers.engine import LIMITS
from ecs_emulator.ecs import overrides, secrets
from ecs_emulator.ecs.container_instances import size
from ecs_emulator.ecs.store import Shape, Store, Task

SECOND = 1_000_000_000
"""In Docker's nanoseconds."""
MIB = 1024 * 1024
HASTE = 20
"""How often containers are checked while they are checked once on AWS."""


class CannotStart(Exception):
    """ECS could not start the task; the message is its `stoppedReason`."""


@dataclass(frozen=True)
class ContainerSpec:
    """One container to start: its task's id, its name in the engine, its image, the rest of Docker's create call."""

    task: str
    name: str
    definition: Shape
    image: str
    create: dict[str, Any]
    host: dict[str, Any]
    uses_database: bool


def container_specs(store: Store, task: Task) -> list[ContainerSpec]:
    """Return the task's containers, in the order of its definition.

    Raises:
        CannotStart: a secret is not there, or a container is to have rights beyond Docker's own.
    """
    containers = task.definition.shape["containerDefinitions"]
    return [_one(store, task, overrides.container(task, container)) for container in containers]


def _one(store: Store, task: Task, container: Shape) -> ContainerSpec:
    environment = _environment(store, task, container)
    uses_database = "DB_HOST" in environment
    if uses_database:
        # the database here shows a certificate of the embedded cloud's authority, which RDS's bundle does not hold
        environment["DB_CA_BUNDLE"] = f"{BUNDLE_FOLDER}/{BUNDLE}"
    create: dict[str, Any] = {
        "command": container.get("command"),
        "entrypoint": container.get("entryPoint"),
        "environment": environment,
        "user": container.get("user"),
        "working_dir": container.get("workingDirectory"),
        "healthcheck": _health(container["healthCheck"]) if "healthCheck" in container else None,
    }
    linux = container.get("linuxParameters", {})
    added = linux.get("capabilities", {}).get("add")
    if added or container.get("privileged"):
        raise CannotStart(
            f"the embedded cloud runs containers on your machine, and gives {container['name']} no rights beyond "
            f"Docker's: remove {', '.join(added) if added else 'privileged'} from its definition"
        )
    host: dict[str, Any] = {
        **LIMITS,
        "read_only": container.get("readonlyRootFilesystem", False),
        "init": linux.get("initProcessEnabled", False),
        "cap_drop": linux.get("capabilities", {}).get("drop"),
        "tmpfs": {one["containerPath"]: f"size={one['size']}m" for one in linux.get("tmpfs", ())},
        "sysctls": {one["namespace"]: one["value"] for one in container.get("systemControls", ())},
        "ulimits": [
            {"Name": one["name"], "Soft": one["softLimit"], "Hard": one["hardLimit"]}
            for one in container.get("ulimits", ())
        ],
        "cpu_shares": max(2, int(container.get("cpu") or 0)),
        "mem_limit": int(container.get("memory") or size(task)[1] or 512) * MIB,
        "mounts": [
            # Docker's own volumes, which go with the container
            {"Type": "volume", "Target": one["containerPath"], "ReadOnly": one.get("readOnly", False)}
            for one in [
                *container.get("mountPoints", ()),
                *([{"containerPath": BUNDLE_FOLDER}] if uses_database else []),
            ]
        ],
    }
    name = f"{task.definition.family}-{task.id[:12]}-{container['name']}"
    return ContainerSpec(task.id, name, container, container["image"], create, host, uses_database)


def _environment(store: Store, task: Task, container: Shape) -> dict[str, str]:
    variables = {one["name"]: one["value"] for one in container.get("environment", ())}
    try:
        variables |= {one["name"]: secrets.value(store, task, one["valueFrom"]) for one in container.get("secrets", ())}
    except secrets.Unreadable as error:
        raise CannotStart(str(error)) from None
    # What a container learns on AWS from the metadata endpoint; no address of this machine could serve it.
    return {"TASK_ID": task.id, "AVAILABILITY_ZONE": task.zone, "AWS_REGION": store.region} | variables


def _health(check: Shape) -> dict[str, Any]:
    """The check, asked more often than on AWS, so that nobody waits for it, yet never more than once a second."""
    return {
        "test": check["command"],
        "interval": max(SECOND, int(check.get("interval", 30) * SECOND / HASTE)),
        "timeout": check.get("timeout", 5) * SECOND,
        "retries": check.get("retries", 3),
        "start_period": check.get("startPeriod", 0) * SECOND,
    }
