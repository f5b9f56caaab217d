"""ECS service revisions, attributes, task protection, and services of a namespace: the calls that read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ecs_emulator.clock import later
from ecs_emulator.ecs import connect, monitoring, shifting
from ecs_emulator.ecs.dispatch import at_most, operation
from ecs_emulator.ecs.records import Deployment, Service, Shape, Task, last_part, now
from ecs_emulator.ecs.rollouts import revision_arn
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse
from ecs_emulator.services.ecs import texts

_LONGEST_MINUTES = 2880
_KEPT = (
    "capacityProviderStrategy",
    "launchType",
    "platformFamily",
    "loadBalancers",
    "serviceRegistries",
    "networkConfiguration",
    connect.CONFIGURATION,
    monitoring.MEMBER,
)


@operation
def describe_service_revisions(store: Store, request: Shape) -> Shape:
    """Answer DescribeServiceRevisions: the settings of each deployment, for up to 20 ARNs (API reference)."""
    at_most(request, "serviceRevisionArns", 20)
    known = {
        revision_arn(store, service, one.id): _revision(store, service, one)
        for service in store.services.values()
        for one in service.revisions.values()
    }
    arns = request.get("serviceRevisionArns", [])
    gone = {f"/{one.cluster}/{one.name}/" for one in store.services.values() if one.status == "INACTIVE"}
    if any(name in arn for name in gone for arn in arns):
        # as AWS words it (aws/aws-cli, its tests of monitor-express-gateway-service)
        refuse("InvalidParameterException", "Cannot call DescribeServiceRevisions for a service that is INACTIVE")
    failures = [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in known]
    return {"serviceRevisions": [known[arn] for arn in arns if arn in known], "failures": failures}


def _revision(store: Store, service: Service, deployment: Deployment) -> Shape:
    containers = store.revision(deployment.task_definition).shape["containerDefinitions"]
    shape: Shape = {
        "serviceRevisionArn": revision_arn(store, service, deployment.id),
        "serviceArn": service.arn,
        "clusterArn": store.clusters[service.cluster].arn,
        "taskDefinition": deployment.task_definition,
        "containerImages": [{"containerName": one["name"], "image": one["image"]} for one in containers],
        "guardDutyEnabled": False,
        "createdAt": deployment.created,
        **{name: value for name in _KEPT if (value := deployment.spec.get(name)) is not None},
    }
    resolved = [
        {"targetGroupArn": one["targetGroupArn"], "productionListenerRule": rule}
        for one in deployment.balancers
        if (rule := shifting.advanced(one).get("productionListenerRule"))
    ]
    if resolved:
        shape["resolvedConfiguration"] = {"loadBalancers": resolved}
    return shape | ({"platformVersion": "1.4.0"} if "platformVersion" in deployment.spec else {})


@operation
def list_services_by_namespace(store: Store, request: Shape) -> Shape:
    """Answer ListServicesByNamespace: the services with Service Connect in it, of all clusters."""
    wanted = last_part(request.get("namespace", ""))
    spaces = store.discovery.list_namespaces()
    space = next((one for one in spaces if wanted in (one.id, one.name)), None)
    if space is None:
        refuse("NamespaceNotFoundException", texts.NO_SUCH_NAMESPACE.format(wanted))
    names = {space.id, space.name, space.arn}
    arns = [
        service.arn
        for service in store.services.values()
        if service.status != "INACTIVE" and (service.shape.get(connect.CONFIGURATION) or {}).get("namespace") in names
    ]
    return {"serviceArns": arns}


@operation
def list_attributes(store: Store, request: Shape) -> Shape:
    """Answer ListAttributes: the attributes of container instances, by name and value."""
    cluster = store.cluster(request.get("cluster"))
    name, value = request.get("attributeName"), request.get("attributeValue")
    found = [
        {"name": key, "targetId": one.arn, **({"value": text} if text else {})}
        for one in store.instances_of(cluster.name)
        for key, text in one.attributes.items()
        if name in (None, key) and value in (None, text)
    ]
    return {"attributes": found}


@operation
def get_task_protection(store: Store, request: Shape) -> Shape:
    """Answer GetTaskProtection: of up to 100 named tasks of services, or of all."""
    cluster = store.cluster(request.get("cluster"))
    at_most(request, "tasks", 100)
    names = request.get("tasks") or [task.arn for task in store.tasks_of(cluster.name) if task.service]
    return _protected(store, cluster.name, names, _protection)


@operation
def update_task_protection(store: Store, request: Shape) -> Shape:
    """Answer UpdateTaskProtection: by default for two hours (API reference); up to 10 tasks."""
    cluster = store.cluster(request.get("cluster"))
    at_most(request, "tasks", 10)
    minutes = int(request.get("expiresInMinutes", 120))
    if not 1 <= minutes <= _LONGEST_MINUTES:
        # by analogy: the limits are in the API reference, the text is not
        refuse("InvalidParameterException", f"expiresInMinutes must be between 1 and {_LONGEST_MINUTES}.")
    until = now() + timedelta(minutes=minutes) if request.get("protectionEnabled") else None

    def protect(task: Task) -> Shape | str:
        if until is not None and _blocks(store, task):
            return "DEPLOYMENT_BLOCKED"
        task.protected_until = until
        if until:
            later(minutes * 60.0)  # the scheduler looks again when it ends
        return _protection(task)

    return _protected(store, cluster.name, request.get("tasks", []), protect)


def _protected(store: Store, cluster: str, names: list[str], read: Callable[[Task], Shape | str]) -> Shape:
    tasks = {name: store.tasks.get(last_part(name)) for name in names}
    found, failures = [], []
    for name, task in tasks.items():
        if task is None or task.cluster != cluster or task.ended:
            arn = name if name.startswith("arn:") else store.arn(f"task/{cluster}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        elif not task.service:
            failures.append({"arn": task.arn, "reason": "TASK_NOT_VALID"})
        elif isinstance(answer := read(task), str):
            failures.append({"arn": task.arn, "reason": answer})
        else:
            found.append(answer)
    return {"protectedTasks": found, "failures": failures}


def _blocks(store: Store, task: Task) -> bool:
    """Return whether a service would have more protected tasks than its desired count.

    Source: ECS developer guide, "Protect your Amazon ECS tasks from being terminated by scale-in events", as quoted in
    aws-containers/ecs-task-protection-examples#3. By analogy: a task that is protected already is extended.
    """
    service = store.services.get(f"{task.cluster}/{task.service}")
    if service is None or task.is_protected:
        return False
    held = sum(one.is_protected and not one.ended for one in store.tasks_of(task.cluster, service.name))
    return held >= service.desired


def _protection(task: Task) -> Shape:
    held = task.is_protected
    return {
        "taskArn": task.arn,
        "protectionEnabled": held,
        **({"expirationDate": task.protected_until} if held else {}),
    }
