"""ECS tasks in the API: stop, list and describe them."""

from __future__ import annotations

import uuid

from ecs_emulator.ecs import overrides
from ecs_emulator.ecs.container_instances import size
from ecs_emulator.ecs.dispatch import at_most, operation
from ecs_emulator.ecs.probes import container_health, health
from ecs_emulator.ecs.records import Cluster, Shape, Task, TaskDefinition, last_part, tag_list
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse

_OTHER_FILTERS = ("containerInstance", "family", "launchType", "serviceName")


@operation
def stop_task(store: Store, request: Shape) -> Shape:
    """Answer StopTask; a service then replaces its task."""
    task = find(store, request)
    end(task, request.get("reason") or "Task stopped by user", "UserInitiated")
    return {"task": describe(store, task, tags=True)}


def find(store: Store, request: Shape) -> Task:
    """Return the task of a request in its cluster; refuse an unknown one with InvalidParameterException."""
    cluster = store.cluster(request.get("cluster"))
    task = store.tasks.get(last_part(request.get("task", "")))
    if task is None or task.cluster != cluster.name:
        refuse("InvalidParameterException", "The referenced task was not found.")
    return task


@operation
def list_tasks(store: Store, request: Shape) -> Shape:
    """Answer ListTasks: tasks that should run, or with `desiredStatus` STOPPED the others.

    No filter may go with `startedBy` (API reference, ListTasks, startedBy), except `desiredStatus`: every list is of
    one desired status.
    """
    cluster = store.cluster(request.get("cluster"))
    if "startedBy" in request and any(name in request for name in _OTHER_FILTERS):
        refuse("InvalidParameterException", "startedBy must be the only filter.")
    if "serviceName" in request:
        service = store.services.get(f"{cluster.name}/{last_part(request['serviceName'])}")
        if service is None:
            refuse("ServiceNotFoundException", "Service not found.")
    wanted = request.get("desiredStatus", "RUNNING")
    arns = [
        task.arn
        for task in store.tasks.values()
        if task.cluster == cluster.name
        and task.desired == wanted
        and request.get("family") in (None, task.definition.family)
        and request.get("startedBy") in (None, task.started_by)
        and request.get("launchType") in (None, task.launch_type)
        and ("serviceName" not in request or task.service == last_part(request["serviceName"]))
        and ("containerInstance" not in request or last_part(task.instance) == last_part(request["containerInstance"]))
    ]
    return {"taskArns": arns}


@operation
def describe_tasks(store: Store, request: Shape) -> Shape:
    """Answer DescribeTasks; stopped tasks still answer for a while."""
    cluster, names = store.cluster(request.get("cluster")), request.get("tasks", [])
    if not names:
        refuse("InvalidParameterException", "Tasks cannot be empty.")
    at_most(request, "tasks", 100)
    found, failures = [], []
    for name in names:
        task = store.tasks.get(last_part(name))
        if task is None or task.cluster != cluster.name:
            arn = name if name.startswith("arn:") else store.arn(f"task/{cluster.name}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(describe(store, task, tags="TAGS" in request.get("include", [])))
    return {"tasks": found, "failures": failures}


def new(
    store: Store, cluster: Cluster, definition: TaskDefinition, spec: Shape, group: str, tags: dict[str, str]
) -> Task:
    """Return a task that is neither placed nor known to the store yet."""
    identifier = uuid.uuid4().hex
    arn = store.arn(f"task/{cluster.name}/{identifier}")
    return Task(identifier, arn, cluster.name, definition, spec, group, "", dict(tags), {})


def end(task: Task, reason: str, code: str) -> None:
    """Let a task stop; the first reason stays."""
    if task.desired == "RUNNING":
        task.desired, task.stop_reason, task.stop_code = "STOPPED", reason, code
        task.next_at = 0.0


def describe(store: Store, task: Task, *, tags: bool) -> Shape:
    """Return a task as AWS answers it."""
    cpu, memory = size(task)
    shape: Shape = {
        "taskArn": task.arn,
        "clusterArn": store.clusters[task.cluster].arn,
        "taskDefinitionArn": task.definition.arn,
        "lastStatus": task.status,
        "desiredStatus": task.desired,
        "launchType": task.launch_type,
        "group": task.group,
        "cpu": str(cpu),
        "memory": str(memory),
        "containers": _containers(task),
        "attachments": _attachments(store, task),
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "overrides": overrides.shown(task),
        "enableExecuteCommand": bool(task.spec.get("enableExecuteCommand")),
        "healthStatus": health(task),
        "version": 1 + len(task.times),
        "tags": tag_list(task.tags) if tags else [],
        **task.times,
    }
    if task.launch_type == "FARGATE":
        storage = task.definition.shape.get("ephemeralStorage") or {"sizeInGiB": 20}
        shape |= {"platformVersion": "1.4.0", "platformFamily": "Linux", "ephemeralStorage": storage}
    optional = {
        "capacityProviderName": task.provider,
        "availabilityZone": task.zone,
        "containerInstanceArn": task.instance,
        "startedBy": task.started_by,
        "stopCode": task.stop_code,
        "stoppedReason": task.stop_reason,
    }
    if task.address and not task.ended:
        shape |= {"connectivity": "CONNECTED", "connectivityAt": task.times.get("pullStartedAt")}
    return shape | {name: value for name, value in optional.items() if value}


def _containers(task: Task) -> list[Shape]:
    status = "RUNNING" if task.status in ("RUNNING", "DEACTIVATING", "STOPPING") else "PENDING"
    if task.status in ("DEPROVISIONING", "STOPPED"):
        status = "STOPPED"
    interfaces = [{"attachmentId": task.attachment, "privateIpv4Address": task.address}] if task.address else []
    containers = []
    runtimes = task.runtime_ids
    for number, defined in enumerate(task.definition.shape["containerDefinitions"]):
        container = overrides.container(task, defined)
        identifier = uuid.uuid5(uuid.NAMESPACE_OID, f"{task.id}/{number}")
        shape: Shape = {
            "containerArn": f"{task.arn.replace(':task/', ':container/')}/{identifier}",
            "taskArn": task.arn,
            "name": container["name"],
            "image": container["image"],
            "runtimeId": runtimes[number],
            "lastStatus": "STOPPED" if container["name"] in task.exit_codes else status,
            "networkBindings": [],
            "networkInterfaces": interfaces,
            "healthStatus": container_health(task, container),
            "cpu": str(container.get("cpu", 0)),
        }
        if task.spec.get("enableExecuteCommand"):
            shape["managedAgents"] = [_exec_agent(task, shape["lastStatus"])]
        if "memory" in container:
            shape["memory"] = str(container["memory"])
        if task.container_reason:
            shape["reason"] = task.container_reason
        if (code := task.exit_codes.get(container["name"])) is not None:
            shape["exitCode"] = code
        containers.append(shape)
    return containers


def _exec_agent(task: Task, container: str) -> Shape:
    """Return a container's agent of ECS Exec; it shows RUNNING even without a connection (aws/aws-cli#9406)."""
    agent: Shape = {"name": "ExecuteCommandAgent", "lastStatus": container}
    if container == "RUNNING" and "startedAt" in task.times:
        return agent | {"lastStartedAt": task.times["startedAt"]}
    if container == "STOPPED":
        return agent | {"reason": "Received Container Stopped event"}
    return agent | {"lastStatus": "PENDING"}


def _attachments(store: Store, task: Task) -> list[Shape]:
    network = task.spec.get("networkConfiguration")
    if not network:
        return []
    details = []
    interface = store.ec2.enis.get(task.interface)
    if interface is not None:
        details = [
            {"name": "subnetId", "value": interface.subnet.id},
            {"name": "networkInterfaceId", "value": interface.id},
            {"name": "macAddress", "value": interface.mac_address},
            {"name": "privateDnsName", "value": f"ip-{task.address.replace('.', '-')}.{store.region}.compute.internal"},
            {"name": "privateIPv4Address", "value": task.address},
        ]
    status = "DELETED" if task.ended else "ATTACHED" if task.interface else "PRECREATED"
    return [{"id": task.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details}]
