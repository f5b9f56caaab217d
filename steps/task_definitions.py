"""Task definitions: each workload's own container and sidecars, with few privileges, and the addresses they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Roles, Stack, step
from provisioner.config import extends
from provisioner.config.capabilities import PRIVILEGED_PORTS, dropped
from provisioner.config.container import Container
from provisioner.config.health import LONGEST_START, Health
from provisioner.config.jobs import Job
from provisioner.config.protocols import by_proxy
from provisioner.config.secrets import Held
from provisioner.config.services import Service
from provisioner.config.sidecars import Sidecar
from provisioner.config.workload import PROXY_CPU, PROXY_MEMORY, Variables
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.steps.container_variables import environment_of, listed, secrets_of
from provisioner.steps.database import Database
from provisioner.steps.images import Images
from provisioner.steps.logs import Logs
from provisioner.steps.redis import Redis
from provisioner.steps.secrets import Secrets
from provisioner.steps.service_secrets import ServiceSecrets
from provisioner.steps.store_references import StoreReferences, of_stores
from provisioner.steps.volumes import Volumes, mount_points

LINUX = {"operatingSystemFamily": "LINUX"}
TMP_MIB = 64
"""The size in MiB of /tmp, which is in memory."""
START_TIMEOUT = 120
"""Seconds that a task waits for a sidecar to become healthy.

It is Fargate's maximum (ECS API reference, ContainerDefinition, startTimeout).
"""
EXEC_FOLDERS = {
    "fargate": {"exec": "/managed-agents", "exec-state": "/var/lib/amazon/ssm", "exec-logs": "/var/log/amazon/ssm"},
    "ec2": {"exec-state": "/var/lib/amazon/ssm"},
}
"""The folders that ECS Exec's agent writes to in a container (aws/containers-roadmap#1359), by launch type.

On an instance, ECS's agent itself mounts the rest (amazon-ecs-agent, execcmd/manager_init_task_linux.go), and Docker
refuses two mounts at one place.
"""


@dataclass(frozen=True)
class TaskDefinitions:
    """The ARNs of the newest revisions, by service or job."""

    arns: dict[str, str]


@step
def task_definitions(
    stack: Stack,
    roles: Roles,
    images: Images,
    logs: Logs,
    secrets: Secrets | None,
    service_secrets: ServiceSecrets,
    database: Database | None,
    database_url: Held | None,
    redis: Redis | None,
    buckets: Variables,
    queues: Variables,
    topics: Variables,
    volumes: Volumes,
) -> TaskDefinitions:
    """Declare a task definition for each service and job; a new image, size or variable makes a new revision.

    Tasks get the database's endpoint, which its certificate contains, and not the alias in the private zone.
    """
    arns: dict[str, str] = {}
    references = of_stores(stack, secrets, service_secrets, database, database_url, redis)
    for name, workload in stack.config.workloads.items():
        log_group = logs.services[name]
        own = _own(stack, name, workload, images.uris[name], log_group)
        environment = environment_of(stack, workload, references) | buckets.variables(workload)
        environment |= queues.variables(workload) | topics.variables(workload)
        environment |= stack.given.environment.get(name, {})
        urls = references.urls(workload, environment)
        own |= secrets_of(workload, secrets if workload.database else None, service_secrets, references, urls)
        own["environment"] = listed(environment)
        if workload.volumes:
            own["mountPoints"] = [*own.get("mountPoints", ()), *mount_points(workload)]
        beside = [
            _sidecar(stack, name, one, images.uris[extends.beside(name, one)], log_group, service_secrets, references)
            for one in sorted(workload.sidecars)
        ]
        arns[name] = stack.ensure(
            TaskDefinition(
                name,
                family=f"{stack.name}-{name}",
                requires_compatibilities=[workload.launch.upper()],
                network_mode="awsvpc",
                cpu=str(workload.cpu),
                memory=str(workload.memory),
                execution_role_arn=roles.execution[name],
                task_role_arn=roles.tasks[name],
                runtime_platform={**LINUX, "cpuArchitecture": workload.architecture.upper()},
                container_definitions=[own, *beside],
                volumes=[
                    *({"name": volume} for volume in _volumes(stack, name, workload)),
                    *volumes.mounted(workload),
                ],
                ephemeral_storage={"sizeInGiB": size} if (size := workload.ephemeral_storage) else None,
            ),
            after=[
                *(images.in_use[one] for one in _images(name, workload) if one in images.in_use),
                # a task that starts before its zone has a mount target fails
                *volumes.targets(workload),
                *references.taken(workload),
            ],
        ).arn
    return TaskDefinitions(arns)


def _images(name: str, workload: Service | Job) -> Iterator[str]:
    """Yield the names of the containers of a workload's tasks, as they appear in the list of images."""
    yield name
    yield from (extends.beside(name, one) for one in workload.sidecars)


def _volumes(stack: Stack, name: str, workload: Service | Job) -> Iterator[str]:
    """Yield the names of all volumes of a task."""
    yield from _exec_directories(stack, name, workload)
    for one, sidecar in workload.sidecars.items():
        yield from _exec_directories(stack, name, sidecar, f"{one}-")


def _exec_directories(stack: Stack, name: str, container: Container, prefix: str = "") -> Mapping[str, str]:
    """Return the folders that ECS Exec needs in a container with a read-only root, by the names of their volumes.

    Args:
        name: the workload's name.
        prefix: the beginning of the volumes' names: each container has an agent, and volumes, of its own.
    """
    if not container.read_only or not stack.config.exec_on(name):
        return {}
    folders = EXEC_FOLDERS[stack.config.workloads[name].launch]
    return {f"{prefix}{volume}": path for volume, path in folders.items()}


def _own(stack: Stack, name: str, workload: Service | Job, image: str, log_group: str) -> dict[str, Any]:
    """Return the workload's own container; it gets the part of the task's size that sidecars leave."""
    container = _container(stack, name, workload, log_group, _exec_directories(stack, name, workload)) | {
        "name": name,
        "image": image,
        "essential": True,
        **_size(stack, name, workload),
    }
    if isinstance(workload, Service) and workload.checked:
        container["healthCheck"] = _health(workload.health)
    if name in stack.config.endpoints:
        # Service Connect's proxy finds the port by this name; without a protocol it passes bytes on
        spoken = by_proxy(workload.protocol, tls=workload.tls) if isinstance(workload, Service) else None
        more = {"name": name, **({"appProtocol": spoken} if spoken else {})}
        container["portMappings"] = [one | more for one in container["portMappings"]]
    return container


def _size(stack: Stack, name: str, workload: Service | Job) -> dict[str, int]:
    """Return the container's CPU and memory; the part that no container reserves is for Service Connect's proxy."""
    sidecars = workload.sidecars.values()
    cpu = workload.cpu - sum(one.cpu or 0 for one in sidecars)
    memory = workload.memory - sum(one.memory or 0 for one in sidecars)
    if name not in stack.config.proxied:
        return {"cpu": cpu, "memory": memory}
    return {"cpu": cpu - min(PROXY_CPU, cpu // 2), "memory": memory - PROXY_MEMORY}


def _sidecar(
    stack: Stack,
    name: str,
    called: str,
    image: str,
    log_group: str,
    service_secrets: ServiceSecrets,
    references: StoreReferences,
) -> dict[str, Any]:
    """Return a container beside a workload's own.

    Args:
        name: the workload's name.
        called: the sidecar's name.
    """
    workload = stack.config.workloads[name]
    sidecar = workload.sidecars[called]
    volumes = _exec_directories(stack, name, sidecar, f"{called}-")
    container = _container(stack, name, sidecar, log_group, volumes) | {
        "name": called,
        "image": image,
        "essential": sidecar.essential,
        **({"cpu": sidecar.cpu} if sidecar.cpu else {}),
        **({"memory": sidecar.memory} if sidecar.memory else {}),
        **secrets_of(sidecar, None, service_secrets, references),
    }
    if sidecar.environment:
        container["environment"] = listed(references.environment(sidecar))
    if sidecar.checked:
        container["healthCheck"] = _health(sidecar.health)
    others = (workload, *workload.sidecars.values())
    if any(one.depends_on.get(called) == "healthy" for one in others):
        # without it a task whose sidecar never becomes healthy is PENDING for ever (amazon-ecs-agent#2579)
        container["startTimeout"] = START_TIMEOUT
    return container


def _container(
    stack: Stack, name: str, container: Service | Job | Sidecar, log_group: str, directories: Mapping[str, str]
) -> dict[str, Any]:
    """Return the settings that all containers of a task share.

    Args:
        name: the workload's name.
        directories: the places to mount volumes at, by the volumes' names.
    """
    linux: dict[str, Any] = {"initProcessEnabled": True}  # reaps processes that ECS Exec leaves behind
    if drop := dropped(container.capabilities):
        linux["capabilities"] = {"drop": drop}
    if container.read_only:
        linux["tmpfs"] = [{"containerPath": "/tmp", "size": TMP_MIB}]  # noqa: S108 (the container's own)
    found: dict[str, Any] = {
        **({"user": container.user} if container.user else {}),  # by default, the image's own user
        "readonlyRootFilesystem": container.read_only,
        "linuxParameters": linux,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": stack.facts.region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",  # a service must not stop because its log does
            },
        },
    }
    if directories:
        found["mountPoints"] = [
            {"sourceVolume": volume, "containerPath": path, "readOnly": False} for volume, path in directories.items()
        ]
    return found | _chosen(container)


def _chosen(container: Service | Job | Sidecar) -> dict[str, Any]:
    """Return the settings that a container has only if the file says so."""
    found: dict[str, Any] = {}
    if container.command:
        found["command"] = list(container.command)
    if container.entrypoint:
        found["entryPoint"] = list(container.entrypoint)
    if container.port is not None:
        found["portMappings"] = [{"containerPort": container.port, "protocol": "tcp"}]
    if container.port is not None and container.port < PRIVILEGED_PORTS:
        # so that a user other than root may listen there
        found["systemControls"] = [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    if container.ulimits:
        found["ulimits"] = [
            {"name": name, "softLimit": one.soft, "hardLimit": one.hard}
            for name, one in sorted(container.ulimits.items())
        ]
    if container.stop_timeout is not None:
        found["stopTimeout"] = container.stop_timeout
    if container.depends_on:
        found["dependsOn"] = [
            {"containerName": other, "condition": condition.upper()}
            for other, condition in sorted(container.depends_on.items())
        ]
    return found


def _health(health: Health) -> Mapping[str, Any]:
    """Return the container's health check: the user's command, whose program the image must contain.

    Behind a load balancer the service's grace period may last longer than the start period.
    """
    return {
        "command": list(health.command),
        "interval": health.interval,
        "timeout": health.timeout,
        "retries": health.unhealthy,
        "startPeriod": min(health.grace, LONGEST_START),
    }
