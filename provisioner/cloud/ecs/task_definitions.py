"""ECS task definitions: what is refused, the defaults AWS fills in, revisions that never come back."""

from __future__ import annotations

import copy
import re
from typing import Any

from provisioner.cloud.ecs.dispatch import operation, page
from provisioner.cloud.ecs.store import Shape, Store, TaskDefinition, now, tag_list, tag_map
from provisioner.cloud.patch import refuse

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
_COPIED = (
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "inferenceAccelerators",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
)


@operation
def register_task_definition(store: Store, request: Shape) -> Shape:
    """RegisterTaskDefinition: a new revision of the family each time."""
    family = request.get("family", "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", family):
        refuse("ClientException", "Family contains invalid characters or is longer than 255 characters.")
    _check_roles(store, request)
    containers = copy.deepcopy(request.get("containerDefinitions") or [])
    _check_containers(request, containers)
    if "FARGATE" in request.get("requiresCompatibilities", []):
        _check_fargate(request, containers)
    revisions = store.definitions.setdefault(family, [])
    revision = revisions[-1].revision + 1 if revisions else 1
    arn = store.arn(f"task-definition/{family}:{revision}")
    shape: Shape = {
        "taskDefinitionArn": arn,
        "family": family,
        "revision": revision,
        "status": "ACTIVE",
        "containerDefinitions": [_with_defaults(container, request) for container in containers],
        "volumes": request.get("volumes", []),
        "placementConstraints": request.get("placementConstraints", []),
        "compatibilities": _compatibilities(request),
        "requiresAttributes": _attributes(request, containers),
        "registeredAt": now(),
        "registeredBy": f"arn:aws:sts::{store.account}:user/moto",
        **{name: request[name] for name in _COPIED if name in request},
    }
    definition = TaskDefinition(family, revision, arn, shape, tag_map(request.get("tags")))
    revisions.append(definition)
    return {"taskDefinition": shape, "tags": tag_list(definition.tags)}


@operation
def describe_task_definition(store: Store, request: Shape) -> Shape:
    """DescribeTaskDefinition: by family, family:revision or ARN; INACTIVE ones too."""
    definition = _find(store, request.get("taskDefinition", ""))
    answer: Shape = {"taskDefinition": definition.shape}
    if "TAGS" in request.get("include", []):
        answer["tags"] = tag_list(definition.tags)
    return answer


@operation
def list_task_definitions(store: Store, request: Shape) -> Shape:
    """ListTaskDefinitions: `familyPrefix` is a full family name (API reference)."""
    family, status = request.get("familyPrefix"), request.get("status", "ACTIVE")
    arns = [
        definition.arn
        for name in sorted(store.definitions)
        for definition in store.definitions[name]
        if family in (None, name) and definition.status == status
    ]
    if request.get("sort") == "DESC":
        arns.reverse()
    return page(arns, request, "taskDefinitionArns")


@operation
def list_task_definition_families(store: Store, request: Shape) -> Shape:
    """ListTaskDefinitionFamilies: here the prefix is a prefix."""
    status = request.get("status", "ALL")

    def shown(revisions: list[TaskDefinition]) -> bool:
        active = any(definition.status == "ACTIVE" for definition in revisions)
        return bool(revisions) and (status == "ALL" or active == (status == "ACTIVE"))

    prefix = request.get("familyPrefix", "")
    families = [
        name for name in sorted(store.definitions) if name.startswith(prefix) and shown(store.definitions[name])
    ]
    return page(families, request, "families")


@operation
def deregister_task_definition(store: Store, request: Shape) -> Shape:
    """DeregisterTaskDefinition: the revision becomes INACTIVE; what runs by it goes on."""
    name = request.get("taskDefinition", "")
    if ":" not in name.rpartition("/")[2]:
        refuse("ClientException", "Revision is missing.")
    definition = store.definition(name)
    if definition is None:
        refuse("ClientException", "The specified task definition does not exist.")
    if definition.status == "ACTIVE":
        definition.status = definition.shape["status"] = "INACTIVE"
        definition.shape["deregisteredAt"] = now()
    return {"taskDefinition": definition.shape}


@operation
def delete_task_definitions(store: Store, request: Shape) -> Shape:
    """DeleteTaskDefinitions: only INACTIVE ones; DELETE_IN_PROGRESS until nothing uses them any more."""
    done, failures = [], []
    for name in request.get("taskDefinitions", []):
        definition = store.definition(name)
        if definition is None:
            failures.append({"arn": name, "reason": "The specified task definition was not found."})
        elif definition.status == "ACTIVE":
            reason = (
                "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
            )
            failures.append({"arn": definition.arn, "reason": reason})
        else:
            definition.status = definition.shape["status"] = "DELETE_IN_PROGRESS"
            definition.shape["deleteRequestedAt"] = now()
            done.append(definition.shape)
    return {"taskDefinitions": done, "failures": failures}


def settle(store: Store) -> None:
    """Remove deleted revisions that no service and no task uses; the newest stays as the count of revisions."""
    doomed = [
        definition
        for revisions in store.definitions.values()
        for definition in revisions
        if definition.status == "DELETE_IN_PROGRESS"
    ]
    if not doomed:
        return
    used = {task.definition.arn for task in store.tasks.values()} | {
        deployment.task_definition
        for service in store.services.values()
        if service.status != "INACTIVE"
        for deployment in service.deployments
    }
    for definition in doomed:
        if definition.arn not in used:
            definition.status = definition.shape["status"] = "DELETED"


def _find(store: Store, name: str) -> TaskDefinition:
    definition = store.definition(name)
    if definition is None or definition.status == "DELETED":
        refuse("ClientException", "Unable to describe task definition.")
    return definition


def _check_roles(store: Store, request: Shape) -> None:
    known = {role.arn for role in store.iam.roles.values()} | set(store.iam.roles)
    for name in ("executionRoleArn", "taskRoleArn"):
        if request.get(name) and request[name] not in known:
            refuse("ClientException", "Role is not valid")


def _check_containers(request: Shape, containers: list[Shape]) -> None:
    if not containers:
        refuse("ClientException", "Container definitions should not be null or empty.")
    names = [container.get("name", "") for container in containers]
    for container in containers:
        _check_container(request, container, names)
    if len(set(names)) != len(names):
        refuse("ClientException", "Container names should be unique in a task definition.")
    if not any(container.get("essential", True) for container in containers):
        refuse("ClientException", "At least one container should be marked as essential.")


def _check_container(request: Shape, container: Shape, names: list[str]) -> None:
    for name in ("name", "image"):
        if not container.get(name):
            refuse("ClientException", f"Container.{name} should not be null or empty.")
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
    if not {depends["containerName"] for depends in container.get("dependsOn", [])} <= set(names):
        refuse("ClientException", f"Container '{container['name']}' depends on an unknown container.")
    if request.get("networkMode") != "awsvpc":
        return
    for mapping in container.get("portMappings", []):
        if mapping.get("hostPort") not in (None, mapping.get("containerPort")):
            refuse(
                "ClientException",
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
            )


def _check_fargate(request: Shape, containers: list[Shape]) -> None:
    if request.get("networkMode") != "awsvpc":
        refuse("ClientException", "Fargate only supports network mode ‘awsvpc’.")
    for name in ("cpu", "memory"):
        if not request.get(name):
            refuse("ClientException", f"Fargate requires that '{name}' be defined at the task level.")
    cpu, memory = _units(request["cpu"], "vcpu"), _units(request["memory"], "gb")
    if memory not in _FARGATE.get(cpu, ()):
        refuse("ClientException", "No Fargate configuration exists for given values.")
    if request.get("executionRoleArn"):
        return
    for container in containers:
        if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            refuse(
                "ClientException",
                "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
            )


def _units(text: str, suffix: str) -> int:
    """CPU units or MiB from "256", "0.25 vCPU" or "1 GB"; 0 when it is neither."""
    plain = text.lower().replace(" ", "")
    try:
        return int(float(plain.removesuffix(suffix)) * 1024) if plain.endswith(suffix) else int(plain)
    except ValueError:
        return 0


def _compatibilities(request: Shape) -> list[str]:
    fits = bool(request.get("networkMode") == "awsvpc" and request.get("cpu") and request.get("memory"))
    fits = fits and _units(request["memory"], "gb") in _FARGATE.get(_units(request["cpu"], "vcpu"), ())
    return ["EC2", "FARGATE"] if fits else ["EC2"]


def _attributes(request: Shape, containers: list[Shape]) -> list[Shape]:
    names = {"com.amazonaws.ecs.capability.docker-remote-api.1.18"}
    if request.get("networkMode") == "awsvpc":
        names.add("ecs.capability.task-eni")
    if request.get("executionRoleArn"):
        names.add("ecs.capability.execution-role-awslogs")
    if request.get("taskRoleArn"):
        names.add("com.amazonaws.ecs.capability.task-iam-role")
    for container in containers:
        if driver := container.get("logConfiguration", {}).get("logDriver"):
            names.add(f"com.amazonaws.ecs.capability.logging-driver.{driver}")
        if container.get("secrets"):
            names.add("ecs.capability.secrets.ssm.environment-variables")
        if container.get("healthCheck"):
            names.add("ecs.capability.container-health-check")
    return [{"name": name} for name in sorted(names)]


def _with_defaults(container: Shape, request: Shape) -> Shape:
    """A container as DescribeTaskDefinition answers it."""
    defaults: dict[str, Any] = {
        "cpu": 0,
        "portMappings": [],
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }
    shape = {**defaults, **container}
    for mapping in shape["portMappings"]:
        mapping.setdefault("hostPort", mapping.get("containerPort", 0) if request.get("networkMode") == "awsvpc" else 0)
        mapping.setdefault("protocol", "tcp")
    if health := shape.get("healthCheck"):
        shape["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3, **health}
    return shape
