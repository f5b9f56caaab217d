"""ECS task definitions: register them with AWS's defaults and refusals, and number revisions that never return."""

from __future__ import annotations

import copy
import re
from typing import Any

from ecs_emulator.ecs.definition_checks import check_definition, fits_fargate
from ecs_emulator.ecs.dispatch import at_most, operation
from ecs_emulator.ecs.records import Shape, TaskDefinition, now, tag_list, tag_map
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse

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
    """Answer RegisterTaskDefinition with a new revision of the family each time."""
    family = request.get("family", "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", family):
        refuse("ClientException", "Family contains invalid characters or is longer than 255 characters.")
    containers = copy.deepcopy(request.get("containerDefinitions") or [])
    check_definition(store, request, containers)
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
        "registeredBy": store.caller,
        **{name: request[name] for name in _COPIED if name in request},
    }
    definition = TaskDefinition(family, revision, arn, shape, tag_map(request.get("tags")))
    revisions.append(definition)
    return {"taskDefinition": shape, "tags": tag_list(definition.tags)}


@operation
def describe_task_definition(store: Store, request: Shape) -> Shape:
    """Answer DescribeTaskDefinition: by family, family:revision or ARN; INACTIVE ones too."""
    definition = _find(store, request.get("taskDefinition", ""))
    answer: Shape = {"taskDefinition": definition.shape}
    if "TAGS" in request.get("include", []):
        answer["tags"] = tag_list(definition.tags)
    return answer


@operation
def list_task_definitions(store: Store, request: Shape) -> Shape:
    """Answer ListTaskDefinitions; `familyPrefix` is a full family name (API reference)."""
    family, status = request.get("familyPrefix"), request.get("status", "ACTIVE")
    arns = [
        definition.arn
        for name in sorted(store.definitions)
        for definition in store.definitions[name]
        if family in (None, name) and definition.status == status
    ]
    if request.get("sort") == "DESC":
        arns.reverse()
    return {"taskDefinitionArns": arns}


@operation
def list_task_definition_families(store: Store, request: Shape) -> Shape:
    """Answer ListTaskDefinitionFamilies; here `familyPrefix` is really a prefix."""
    status = request.get("status", "ALL")

    def shown(revisions: list[TaskDefinition]) -> bool:
        active = any(definition.status == "ACTIVE" for definition in revisions)
        return bool(revisions) and (status == "ALL" or active == (status == "ACTIVE"))

    prefix = request.get("familyPrefix", "")
    families = [
        name for name in sorted(store.definitions) if name.startswith(prefix) and shown(store.definitions[name])
    ]
    return {"families": families}


@operation
def deregister_task_definition(store: Store, request: Shape) -> Shape:
    """Answer DeregisterTaskDefinition: the revision becomes INACTIVE; its tasks and services go on."""
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
    """Answer DeleteTaskDefinitions: only INACTIVE ones; DELETE_IN_PROGRESS until nothing uses them."""
    at_most(request, "taskDefinitions", 10)
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
    """Mark deleted revisions DELETED once no service and no task uses them; their numbers stay taken."""
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


def _compatibilities(request: Shape) -> list[str]:
    fits = request.get("networkMode") == "awsvpc" and fits_fargate(request)
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
    """Return a container as DescribeTaskDefinition answers it."""
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
    if "linuxParameters" in shape:
        # recorded: cloud-custodian, test_ecs_service_update_definition
        shape["linuxParameters"] = {"capabilities": {}, "devices": [], **shape["linuxParameters"]}
    return shape
