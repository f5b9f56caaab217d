"""Refuse invalid task definitions in RegisterTaskDefinition: roles, containers, and limits of Fargate."""

from __future__ import annotations

import re

from ecs_emulator.ecs.definition_sizes import units
from ecs_emulator.ecs.definition_together import check_together
from ecs_emulator.ecs.definition_volumes import check_volumes
from ecs_emulator.ecs.records import Shape
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse
from ecs_emulator.services.ecs import texts
from ecs_emulator.services.iam.rules import known_elsewhere

_GIB = 1024
# CPU units to the memory (MiB) that Fargate offers with them (developer guide, task size).
_FARGATE: dict[int, tuple[int, ...]] = {
    256: (512, _GIB, 2 * _GIB),
    512: tuple(range(_GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}


_CAPABILITIES = {
    "ALL", "AUDIT_CONTROL", "AUDIT_WRITE", "BLOCK_SUSPEND", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",
    "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD",
    "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_ADMIN",
    "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE",
    "SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG", "WAKE_ALARM",
}  # fmt: skip
"""The valid values of ECS's API reference, KernelCapabilities."""


_ULIMITS = {
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
}  # fmt: skip
"""The valid values of ECS's API reference, Ulimit, name."""
_LEAST_STORAGE, _MOST_STORAGE = 21, 200
"""GiB (ECS API reference, EphemeralStorage)."""


def check_definition(store: Store, request: Shape, containers: list[Shape]) -> None:
    """Refuse a task definition that ECS cannot run with a ClientException."""
    _check_roles(store, request)
    _check_containers(request, containers)
    _check_storage(request.get("ephemeralStorage"))
    check_volumes(request)
    if "FARGATE" in request.get("requiresCompatibilities", []):
        _check_fargate(request, containers)


def fits_fargate(request: Shape) -> bool:
    """Return whether Fargate offers the task's CPU with its memory."""
    cpu, memory = request.get("cpu") or "", request.get("memory") or ""
    return units(memory, "gb") in _FARGATE.get(units(cpu, "vcpu"), ())


def _check_roles(store: Store, request: Shape) -> None:
    known = [role for role in store.iam.roles.values() if known_elsewhere(role)]
    named = {name for role in known for name in (role.arn, role.name)}
    for name in ("executionRoleArn", "taskRoleArn"):
        if request.get(name) and request[name] not in named:
            refuse("ClientException", texts.ROLE_NOT_VALID)


def _check_containers(request: Shape, containers: list[Shape]) -> None:
    if not containers:
        refuse("ClientException", "Container definitions should not be null or empty.")
    names = [container.get("name", "") for container in containers]
    for container in containers:
        _check_container(request, container, names)
        _check_memory(container)
        _check_health(container.get("healthCheck"))
    if len(set(names)) != len(names):
        refuse("ClientException", "Container names should be unique in a task definition.")
    check_together(request, containers)
    if not any(container.get("essential", True) for container in containers):
        refuse("ClientException", "At least one container should be marked as essential.")


def _check_container(request: Shape, container: Shape, names: list[str]) -> None:
    for name in ("name", "image"):
        if not container.get(name):
            refuse("ClientException", f"Container.{name} should not be null or empty.")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", container["name"]):
        refuse("ClientException", "Container.name contains invalid characters.")
    if not ({"memory", "memoryReservation"} & container.keys() or request.get("memory")):
        refuse(
            "ClientException",
            f"Invalid setting for container '{container['name']}'. "
            "At least one of 'memory' or 'memoryReservation' must be specified.",
        )
    if container.get("secrets") and not request.get("executionRoleArn"):
        refuse(
            "ClientException",
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        )
    _check_secrets(container)
    if not {depends["containerName"] for depends in container.get("dependsOn", [])} <= set(names):
        refuse("ClientException", f"Container '{container['name']}' depends on an unknown container.")
    _check_mounts(request, container)
    _check_capabilities(container)
    _check_ulimits(container)
    if request.get("networkMode") == "awsvpc":
        _check_awsvpc(container)


def _check_secrets(container: Shape) -> None:
    """Refuse duplicate secret and variable names (CircleCI-Public/aws-ecs-orb#190, dagster-io/dagster#11622)."""
    names = [one["name"] for one in container.get("secrets") or ()]
    if twice := [name for name in names if names.count(name) > 1]:
        refuse("ClientException", f"Duplicate secret names found: {twice[0]}. Each secret name must be unique.")
    for one in container.get("environment") or ():
        if one.get("name") in names:
            refuse(
                "ClientException",
                "The secret name must be unique and not shared with any new or existing environment variables set on "
                f"the container, such as '{one['name']}'.",
            )


def _check_mounts(request: Shape, container: Shape) -> None:
    volumes = {volume.get("name") for volume in request.get("volumes", [])}
    for mount in container.get("mountPoints", []):
        if mount.get("sourceVolume") not in volumes:
            refuse("ClientException", f"Unknown volume '{mount.get('sourceVolume')}'.")


def _capabilities(container: Shape, list_name: str) -> list[str]:
    linux = container.get("linuxParameters") or {}
    return list((linux.get("capabilities") or {}).get(list_name) or ())


def _check_capabilities(container: Shape) -> None:
    """Refuse capabilities that ECS does not know (API reference, KernelCapabilities, valid values, without `CAP_`)."""
    for name in (*_capabilities(container, "add"), *_capabilities(container, "drop")):
        if name not in _CAPABILITIES:
            refuse("ClientException", f"Invalid Linux capability '{name}' for container '{container['name']}'.")


def _check_ulimits(container: Shape) -> None:
    """Refuse limits that ECS does not know (API reference, Ulimit, name: valid values)."""
    for one in container.get("ulimits") or ():
        if one.get("name") not in _ULIMITS:
            refuse("ClientException", f"Invalid ulimit '{one.get('name')}' for container '{container['name']}'.")


def _check_storage(storage: Shape | None) -> None:
    """Refuse sizes out of range (API reference, EphemeralStorage; the lower end: guardian/cdk#1101)."""
    size = (storage or {}).get("sizeInGiB")
    if size is not None and int(size) < _LEAST_STORAGE:
        refuse("ClientException", f"EphemeralStorage size should be at least {_LEAST_STORAGE}")
    if size is not None and int(size) > _MOST_STORAGE:
        refuse("ClientException", f"EphemeralStorage size should be at most {_MOST_STORAGE}")


def _check_awsvpc(container: Shape) -> None:
    if container.get("links"):
        refuse("ClientException", "Links are not supported when networkMode=awsvpc.")
    for mapping in container.get("portMappings", []):
        if mapping.get("hostPort") not in (None, mapping.get("containerPort")):
            refuse(
                "ClientException",
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
            )


def _check_memory(container: Shape) -> None:
    """Refuse less than 4 MiB for a container, a reservation not below the limit, and a tmpfs without a size."""
    limit, reserved = container.get("memory"), container.get("memoryReservation")
    if limit is not None and int(limit) < 4:
        refuse("ClientException", f"Invalid setting for container '{container['name']}'. 'memory' must be at least 4.")
    for tmpfs in (container.get("linuxParameters") or {}).get("tmpfs", []):
        if int(tmpfs.get("size") or 0) <= 0:
            refuse(
                "ClientException",
                "The container has an invalid tmpfs size value specified. It must be a non-zero, non-negative integer.",
            )
    if limit is not None and reserved is not None and int(reserved) >= int(limit):
        refuse(
            "ClientException",
            f"Invalid setting for container '{container['name']}'. 'memory' must be greater than 'memoryReservation'.",
        )


def _check_health(check: Shape | None) -> None:
    """Refuse other commands than CMD and CMD-SHELL, and numbers out of range (API reference, HealthCheck)."""
    if check is None:
        return
    if (check.get("command") or [""])[0] not in ("CMD", "CMD-SHELL", "NONE"):
        refuse("ClientException", "The command of a health check must begin with CMD or CMD-SHELL.")
    for name, least, most in (("interval", 5, 300), ("timeout", 2, 60), ("retries", 1, 10), ("startPeriod", 0, 300)):
        if check.get(name) is not None and not least <= int(check[name]) <= most:
            refuse("ClientException", f"The {name} of a health check must be between {least} and {most}.")


def _check_fargate(request: Shape, containers: list[Shape]) -> None:
    if request.get("networkMode") != "awsvpc":
        refuse("ClientException", "Fargate only supports network mode ‘awsvpc’.")
    for name in ("cpu", "memory"):
        if not request.get(name):
            refuse("ClientException", f"Fargate requires that '{name}' be defined at the task level.")
    if not fits_fargate(request):
        refuse("ClientException", "No Fargate configuration exists for given values.")
    for container in containers:
        _check_on_fargate(container)
    if any((volume.get("host") or {}).get("sourcePath") for volume in request.get("volumes", [])):
        refuse("ClientException", "Fargate does not support volumes with a source path on the host.")
    if request.get("executionRoleArn"):
        return
    for container in containers:
        if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            refuse(
                "ClientException",
                "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
            )


def _check_on_fargate(container: Shape) -> None:
    """Refuse parameters of a container definition that are "not supported" on Fargate (developer guide).

    Any capability may be dropped, only SYS_PTRACE may be added (API reference, KernelCapabilities, LinuxParameters).
    """
    if container.get("privileged"):
        refuse("ClientException", "Fargate compatible task definitions do not support privileged containers")
    if container.get("dockerSecurityOptions"):
        refuse("ClientException", "Fargate compatible task definitions do not support dockerSecurityOptions")
    if others := [name for name in _capabilities(container, "add") if name != "SYS_PTRACE"]:
        refuse(
            "ClientException",
            f"Fargate compatible task definitions do not support adding the capabilities {', '.join(others)}",
        )
    stop = container.get("stopTimeout")
    if stop is not None and not 2 <= int(stop) <= 120:
        refuse("ClientException", "The stop timeout of a container on Fargate must be between 2 and 120 seconds")
    start = container.get("startTimeout")
    if start is not None and not 2 <= int(start) <= 120:
        refuse("ClientException", "The start timeout of a container on Fargate must be between 2 and 120 seconds")
