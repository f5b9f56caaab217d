"""ECS container instances: register them as the agent does, drain and deregister them."""

from __future__ import annotations

import json
import re
import uuid
from base64 import b64decode
from typing import Any

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import overrides, settings
from ecs_emulator.ecs.dispatch import at_most, operation
from ecs_emulator.ecs.queries import query
from ecs_emulator.ecs.records import ContainerInstance, Shape, Task, last_part, tag_list, tag_map
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse

# Task ENIs of a trunk, by size (developer guide, supported instances of container-instance-eni; instances that the
# guide does not list have no trunk).
_TRUNK = {"large": 10, "xlarge": 20, "2xlarge": 40, "4xlarge": 60, "9xlarge": 60, "12xlarge": 60}
_TRUNK |= {f"{size}xlarge": 120 for size in (16, 18, 24, 32, 48)}
_LATER = {"8xlarge": 90, "12xlarge": 120, "metal": 120}
_TRUNKLESS = re.compile(
    r"(t\d\w*|[cmr][34]|[cmr]5z?n|[mr]5dn|r5b|c1|cc2|d[23](en)?|f1|g[23]s?|g4dn|h1|i[23](en)?|inf1|m[12]|mac1|p2|p3dn|x1e?|z1d"
    r"|u-(6|9|12)tb1)\..*|(c5a|c5ad|r5)\.8xlarge"
)
_CLUSTER = re.compile(r"^\s*(?:echo\s+)?[\"']?ECS_CLUSTER=[\"']?([A-Za-z0-9_-]+)", re.MULTILINE)


@operation
def list_container_instances(store: Store, request: Shape) -> Shape:
    """Answer ListContainerInstances: all except INACTIVE instances, unless `status` and `filter` choose others."""
    cluster, status = store.cluster(request.get("cluster")), request.get("status")
    found = [one for one in store.instances_of(cluster.name) if status in (None, one.status)]
    if text := request.get("filter"):
        passes = query(text)
        found = [one for one in found if passes(_asked_for(store, one))]
    return {"containerInstanceArns": [one.arn for one in found]}


def _asked_for(store: Store, instance: ContainerInstance) -> dict[str, list[str]]:
    """Return the values of an instance for a query, by subject."""
    shown = _described(store, instance)
    return {
        **{f"attribute:{name}": [value] for name, value in instance.attributes.items()},
        "agentConnected": [str(shown["agentConnected"]).lower()],
        "agentVersion": [shown["versionInfo"]["agentVersion"]],
        "ec2InstanceId": [instance.ec2_id],
        "registeredAt": [instance.registered.isoformat()],
        "runningTasksCount": [str(shown["runningTasksCount"])],
        "task:group": [task.group for task in store.tasks_on(instance)],
    }


@operation
def describe_container_instances(store: Store, request: Shape) -> Shape:
    """Answer DescribeContainerInstances."""
    cluster = store.cluster(request.get("cluster"))
    if not request.get("containerInstances"):
        refuse("InvalidParameterException", "Container instances cannot be empty.")
    found, failures = [], []
    for name in request["containerInstances"]:
        instance = _find(store, cluster.name, name)
        if instance is None:
            failures.append({"arn": _arn(store, cluster.name, name), "reason": "MISSING"})
        else:
            found.append(_described(store, instance))
    return {"containerInstances": found, "failures": failures}


@operation
def update_container_instances_state(store: Store, request: Shape) -> Shape:
    """Answer UpdateContainerInstancesState; DRAINING moves service tasks away, standalone tasks stay."""
    cluster, status = store.cluster(request.get("cluster")), request.get("status")
    if status not in ("ACTIVE", "DRAINING"):
        refuse("InvalidParameterException", "Container instance status should be one of [ACTIVE,DRAINING]")
    at_most(request, "containerInstances", 10)
    found, failures = [], []
    for name in request.get("containerInstances", []):
        instance = _find(store, cluster.name, name)
        if instance is None:
            failures.append({"arn": _arn(store, cluster.name, name), "reason": "MISSING"})
        else:
            if instance.status not in ("ACTIVE", "DRAINING"):
                refuse("InvalidParameterException", f"The container instance is {instance.status}.")
            instance.status = status
            instance.version += 1
            found.append(_described(store, instance))
    return {"containerInstances": found, "failures": failures}


@operation
def deregister_container_instance(store: Store, request: Shape) -> Shape:
    """Answer DeregisterContainerInstance; refuse it while tasks run there. With `force` the tasks become orphans.

    The refusal of a second deregistration follows UpdateContainerInstancesState: its API reference calls any status but
    ACTIVE an error. No answer of AWS to a second call was found, and the message is ours.
    """
    cluster = store.cluster(request.get("cluster"))
    instance = _find(store, cluster.name, request.get("containerInstance", ""))
    if instance is None:
        refuse("InvalidParameterException", "Referenced container instance not found.")
    if instance.status == "DEREGISTERING":
        refuse("InvalidParameterException", "The container instance is DEREGISTERING.")
    tasks = store.tasks_on(instance)
    if tasks and not request.get("force"):
        refuse("InvalidParameterException", "Found running tasks on the instance.")
    deregister(store, instance)
    return {"containerInstance": _described(store, instance)}


@operation
def register_container_instance(store: Store, request: Shape) -> Shape:
    """Answer RegisterContainerInstance, the agent's call, for the instance of an identity document."""
    cluster = store.cluster(request.get("cluster"))
    document = json.loads(request.get("instanceIdentityDocument") or "{}")
    instance = register(store, cluster.name, store.ec2.get_instance(document.get("instanceId", "")))
    instance.tags.update(tag_map(request.get("tags")))
    return {"containerInstance": _described(store, instance)}


def register(store: Store, cluster: str, ec2_instance: Any) -> ContainerInstance:
    """Register a running EC2 instance."""
    provider = ""
    group = getattr(ec2_instance, "autoscaling_group", None)
    for name in store.clusters[cluster].providers:
        if group is not None and store.providers[name].group_name == group.name:
            provider = name
    type_info = _instance_type(ec2_instance.instance_type)
    slots, trunk = _slots(store, ec2_instance.instance_type, type_info)
    attributes = {
        "ecs.instance-type": ec2_instance.instance_type,
        "ecs.availability-zone": ec2_instance.placement.zone,
        "ecs.subnet-id": ec2_instance.subnet_id or "",
        "ecs.vpc-id": ec2_instance.vpc_id or "",
        "ecs.ami-id": ec2_instance.image_id,
        "ecs.os-type": "linux",
        "ecs.cpu-architecture": _architecture(type_info),
        "ecs.capability.task-eni": "",
        "com.amazonaws.ecs.capability.logging-driver.awslogs": "",
        "com.amazonaws.ecs.capability.task-iam-role": "",
    }
    if trunk:
        attributes |= {"ecs.awsvpc-trunk-id": f"eni-{uuid.uuid4().hex[:17]}", "ecs.capability.task-eni-trunking": ""}
    instance = ContainerInstance(
        store.arn(f"container-instance/{cluster}/{uuid.uuid4().hex}"),
        cluster,
        ec2_instance.id,
        provider,
        cpu=type_info["VCpuInfo"]["DefaultVCpus"] * 1024,
        # The kernel and the agent keep about 7 % of the memory of a small instance.
        memory=int(type_info["MemoryInfo"]["SizeInMiB"] * 0.93),
        slots=slots,
        attributes=attributes,
        tags={},
        status="REGISTERING" if trunk else "ACTIVE",
        due=later(durations.TRUNK_ATTACH),
    )
    store.instances[instance.arn] = instance
    return instance


def deregister(store: Store, instance: ContainerInstance) -> None:
    """Take an instance out of its cluster. On AWS its tasks run on unseen; here they end at once.

    An instance with a trunk interface is DEREGISTERING until that is gone, and still listed (API reference,
    ContainerInstance).
    """
    trunk = "ecs.awsvpc-trunk-id" in instance.attributes
    instance.status, instance.connected = "DEREGISTERING" if trunk else "INACTIVE", False
    instance.due = later(durations.TRUNK_DETACH)
    for task in store.tasks_on(instance):
        task.desired, task.stop_code = "STOPPED", "TerminationNotice"
        task.stop_reason = task.stop_reason or "Container instance deregistered"


def settle(store: Store) -> None:
    """Register agents whose instance is up, and take terminated instances out of their clusters."""
    for ec2_instance in store.ec2.all_instances():
        if ec2_instance.state == "running" and ec2_instance.id not in store.known_agents:
            store.known_agents[ec2_instance.id] = later(durations.INSTANCE_REGISTER)
        due = store.known_agents.get(ec2_instance.id, float("inf"))
        if ec2_instance.state == "running" and passed(due):
            cluster = cluster_named_in(ec2_instance)
            if cluster in store.clusters and store.clusters[cluster].status == "ACTIVE":
                # Register only once: after a deregistration the agent stays away until it is restarted.
                store.known_agents[ec2_instance.id] = float("inf")
                register(store, cluster, ec2_instance)
    for instance in list(store.instances.values()):
        if instance.status in ("REGISTERING", "DEREGISTERING") and passed(instance.due):
            instance.status = "ACTIVE" if instance.status == "REGISTERING" else "INACTIVE"
        if instance.gone:
            continue
        ec2_instance = store.ec2.get_instance_by_id(instance.ec2_id)
        instance.connected = ec2_instance is not None and ec2_instance.state == "running"
        if ec2_instance is None or ec2_instance.state == "terminated":
            for task in store.tasks_on(instance):
                task.stop_reason = f"Host EC2 (instance {instance.ec2_id}) terminated."
            deregister(store, instance)


def cluster_named_in(ec2_instance: Any) -> str:
    """Return the cluster that an instance's user data gives to its agent; empty if there is none."""
    data = ec2_instance.user_data
    if not data:
        return ""
    raw = data if isinstance(data, bytes) else str(data).encode()
    try:
        text = b64decode(raw, validate=True).decode("utf-8", "replace")
    except ValueError:
        text = raw.decode("utf-8", "replace")
    found = _CLUSTER.search(text)
    return found[1] if found else ""


def remaining(store: Store, instance: ContainerInstance) -> tuple[int, int, int]:
    """Return the CPU units, MiB and task ENIs that are free on an instance."""
    cpu, memory, slots = instance.cpu, instance.memory, instance.slots
    for task in store.tasks_on(instance):
        needed_cpu, needed_memory = size(task)
        cpu, memory, slots = cpu - needed_cpu, memory - needed_memory, slots - 1
    return cpu, memory, slots


def size(task: Task) -> tuple[int, int]:
    """Return a task's CPU units and MiB: its own, else the sum of its containers'; overrides come first."""
    shape = overrides.whole(task)
    containers = [overrides.container(task, one) for one in shape["containerDefinitions"]]
    cpu = int(shape.get("cpu") or sum(container.get("cpu", 0) for container in containers))
    memory = int(
        shape.get("memory")
        or sum(container.get("memoryReservation") or container.get("memory", 0) for container in containers)
    )
    return cpu, memory


def capacity_of(store: Store, instance_type: str) -> tuple[int, int, int]:
    """Return the CPU units, MiB and task ENIs of an empty instance of a type."""
    type_info = _instance_type(instance_type)
    memory = int(type_info["MemoryInfo"]["SizeInMiB"] * 0.93)
    return type_info["VCpuInfo"]["DefaultVCpus"] * 1024, memory, _slots(store, instance_type, type_info)[0]


def _slots(store: Store, instance_type: str, type_info: Shape) -> tuple[int, bool]:
    family, _, suffix = instance_type.partition(".")
    fifth = re.fullmatch(r"[cmr]5(a|ad|d)?", family)
    sizes = _TRUNK | ({"8xlarge": 60} if fifth else _LATER)
    trunk = settings.in_force(store, "awsvpcTrunking") == "enabled" and not _TRUNKLESS.fullmatch(instance_type)
    if trunk and suffix in sizes:
        return sizes[suffix], True
    return type_info["NetworkInfo"]["MaximumNetworkInterfaces"] - 1, False


def _instance_type(name: str) -> Shape:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    fallback: Shape = INSTANCE_TYPES["c5.large"]
    found: Shape = INSTANCE_TYPES.get(name, fallback)
    return found


def _architecture(type_info: Shape) -> str:
    """Return ECS's name for the processor of an instance type (ECS developer guide, built-in attributes)."""
    supported = type_info.get("ProcessorInfo", {}).get("SupportedArchitectures", ())
    return "arm64" if "arm64" in supported else "x86_64"


def _find(store: Store, cluster: str, name: str) -> ContainerInstance | None:
    wanted = last_part(name)
    return next((one for one in store.instances.values() if one.id == wanted and one.cluster == cluster), None)


def _arn(store: Store, cluster: str, name: str) -> str:
    return name if name.startswith("arn:") else store.arn(f"container-instance/{cluster}/{name}")


def _described(store: Store, instance: ContainerInstance) -> Shape:
    tasks = store.tasks_on(instance)
    cpu, memory, _ = remaining(store, instance)
    shape: Shape = {
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.ec2_id,
        "version": instance.version,
        "versionInfo": {"agentVersion": "1.89.0", "agentHash": "f0b5f2a5", "dockerVersion": "DockerVersion: 25.0.6"},
        "remainingResources": _resources(cpu, memory),
        "registeredResources": _resources(instance.cpu, instance.memory),
        "status": instance.status,
        "agentConnected": instance.connected,
        "runningTasksCount": sum(task.status == "RUNNING" for task in tasks),
        "pendingTasksCount": sum(task.status in ("PENDING", "ACTIVATING") for task in tasks),
        "attributes": [
            {"name": name, **({"value": value} if value else {})} for name, value in instance.attributes.items()
        ],
        "registeredAt": instance.registered,
        "attachments": [],
        "tags": tag_list(instance.tags),
    }
    if instance.provider:
        shape["capacityProviderName"] = instance.provider
    return shape


def _resources(cpu: int, memory: int) -> list[Shape]:
    ports = ["22", "2375", "2376", "51678", "51679"]
    # AWS sends the values of all other types as well
    return [
        {"doubleValue": 0.0, "longValue": 0, "integerValue": 0, **resource}
        for resource in (
            {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
            {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ports},
        )
    ]
