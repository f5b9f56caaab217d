"""What each service's tasks are made of: one container with few privileges, told where the others are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Roles, Stack, step
from provisioner.config.capabilities import PRIVILEGED_PORTS, dropped
from provisioner.config.health import LONGEST_START, Health
from provisioner.config.jobs import Job
from provisioner.config.secrets import VERSION_LABEL
from provisioner.config.services import Service
from provisioner.config.workload import url_variable
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.steps.database import Database
from provisioner.steps.images import Images
from provisioner.steps.logs import Logs
from provisioner.steps.secrets import Secrets
from provisioner.steps.service_secrets import ServiceSecrets

LINUX = {"operatingSystemFamily": "LINUX"}
TMP_MIB = 64
"""How much may be written to /tmp, which is memory."""
EXEC_FOLDERS = {
    "fargate": {"exec": "/managed-agents", "exec-state": "/var/lib/amazon/ssm", "exec-logs": "/var/log/amazon/ssm"},
    "ec2": {"exec-state": "/var/lib/amazon/ssm"},
}
"""Where the agent of ECS Exec writes inside the container (aws/containers-roadmap#1359), by launch type.

On an instance ECS's agent itself mounts the rest (amazon-ecs-agent, execcmd/manager_init_task_linux.go), and Docker
refuses to mount twice at one place.
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
) -> TaskDefinitions:
    """Declare a task definition for each service and job. It changes with the image, the sizes, what the task is told.

    The database is called by its own name, which its certificate holds, and not by the alias in the private zone.
    """
    arns: dict[str, str] = {}
    for name, workload in stack.config.workloads.items():
        container = _container(stack, name, workload, images.uris[name], logs.services[name])
        container |= _secrets(workload, secrets, service_secrets)
        environment = {**_environment(stack, workload, database), **stack.given.environment.get(name, {})}
        container["environment"] = [{"name": key, "value": value} for key, value in sorted(environment.items())]
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
                container_definitions=[container],
                volumes=[{"name": volume} for volume in _exec_directories(stack, name)],
            ),
            after=[images.in_use[name]] if name in images.in_use else [],
        ).arn
    return TaskDefinitions(arns)


def _exec_directories(stack: Stack, name: str) -> Mapping[str, str]:
    """Return the places that ECS Exec needs in a container whose root is read-only, by the names of their volumes."""
    workload = stack.config.workloads[name]
    return EXEC_FOLDERS[workload.launch] if workload.read_only and stack.config.exec_on(name) else {}


def _container(stack: Stack, name: str, workload: Service | Job, image: str, log_group: str) -> dict[str, Any]:
    linux: dict[str, Any] = {"initProcessEnabled": True}  # it reaps what ECS Exec leaves behind
    if drop := dropped(workload.capabilities):
        linux["capabilities"] = {"drop": drop}
    container: dict[str, Any] = {
        "name": name,
        "image": image,
        "essential": True,
        "cpu": workload.cpu,
        "memory": workload.memory,
        **({"user": workload.user} if workload.user else {}),  # otherwise the image's own
        "readonlyRootFilesystem": workload.read_only,
        "linuxParameters": linux,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": stack.facts.region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",  # a service does not stand still because its log does
            },
        },
    }
    if workload.command:
        container["command"] = list(workload.command)
    if workload.entrypoint:
        container["entryPoint"] = list(workload.entrypoint)
    if workload.port is not None:
        container["portMappings"] = [{"containerPort": workload.port, "protocol": "tcp"}]
    if workload.read_only:
        linux["tmpfs"] = [{"containerPath": "/tmp", "size": TMP_MIB}]  # noqa: S108 (the container's own)
    if directories := _exec_directories(stack, name):
        container["mountPoints"] = [
            {"sourceVolume": volume, "containerPath": path, "readOnly": False} for volume, path in directories.items()
        ]
    if workload.port is not None and workload.port < PRIVILEGED_PORTS:
        # So that a user other than root may listen there
        container["systemControls"] = [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    if workload.stop_timeout is not None:
        container["stopTimeout"] = workload.stop_timeout
    if isinstance(workload, Service) and workload.health.command:
        container["healthCheck"] = _health(workload.health)
    return container


def _secrets(workload: Service | Job, secrets: Secrets | None, service_secrets: ServiceSecrets) -> dict[str, Any]:
    """Return where ECS reads secrets, and in labels which versions these are.

    ECS reads a secret when a task starts: with another version there must be new tasks.
    """
    places: dict[str, str] = {}
    labels: dict[str, str] = {}
    if secrets and workload.database:
        places["DB_PASSWORD"] = secrets.parameter_arn
        labels["provisioner.password-version"] = secrets.parameter_version
    for name, secret in sorted(workload.secrets.items()):
        held = service_secrets.of(secret)
        places[name] = f"{held.arn}:{secret.key}::" if secret.key else held.arn
        labels[f"{VERSION_LABEL}{name}"] = held.version
    if not places:
        return {}
    return {"secrets": [{"name": name, "valueFrom": place} for name, place in places.items()], "dockerLabels": labels}


def _health(health: Health) -> Mapping[str, Any]:
    """Return how ECS asks the container whether it is well: by a program that whoever wrote `command` knows it has.

    Behind a load balancer the service's grace period may go on when the start period has ended.
    """
    return {
        "command": list(health.command),
        "interval": health.interval,
        "timeout": health.timeout,
        "retries": health.unhealthy,
        "startPeriod": min(health.grace, LONGEST_START),
    }


def _environment(stack: Stack, workload: Service | Job, database: Database | None) -> dict[str, str]:
    """Return the variables: its own port, where it finds what it calls, the database, and what the user set."""
    settings, domain = stack.config.database, stack.config.dns.discovery_domain
    access: dict[str, str] = {}
    if settings and database and workload.database:
        access = {
            "DB_HOST": database.endpoint,
            "DB_PORT": str(database.port),
            "DB_NAME": settings.name,
            "DB_USER": settings.user,
        }
    urls = {
        url_variable(callee): f"http://{callee}.{domain}:{stack.config.services[callee].port}"
        for callee in workload.calls
    }
    port = {"PORT": str(workload.port)} if workload.port is not None else {}
    return {**port, **urls, **access, **workload.environment}
