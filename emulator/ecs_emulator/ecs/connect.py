"""Service Connect: its refusals, its services in Cloud Map, and the endpoints that a task knows.

Sources: ECS developer guide, "Service Connect" and "Service Connect components"; API reference,
`ServiceConnectConfiguration`, `ServiceConnectService`, `ServiceConnectClientAlias`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from ecs_emulator.ecs.records import Service, Shape, Task, TaskDefinition
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse
from ecs_emulator.services.ecs import texts

CONFIGURATION = "serviceConnectConfiguration"
_MANAGED = [{"Key": "AmazonECSManaged", "Value": "true"}]
"""The tag with which AWSServiceRoleForECS may delete its services (its managed policy, CloudMapResourceDeletion)."""
_CLIENT = "aws-ecs-sc.client"
"""The beginning of the entry's name of a service that only calls others (seen on AWS by several projects)."""


def on(shape: Mapping[str, Any]) -> bool:
    """Return whether tasks with these settings have a proxy."""
    return bool((shape.get(CONFIGURATION) or {}).get("enabled"))


def check(store: Store, service: str, shape: Shape, definition: TaskDefinition, former: TaskDefinition | None) -> None:
    """Refuse a configuration whose namespace, ports or names do not fit; replace its namespace by the namespace's ARN.

    Args:
        service: the key of the service in the store.
        former: the service's present task definition, or None for a new service.
    """
    if not on(shape):
        return
    wanted = shape[CONFIGURATION]
    space = _namespace(store, wanted.get("namespace") or _default(store, service))
    if definition.shape.get("networkMode") == "awsvpc" and not definition.shape.get("memory"):
        # developer guide: task definitions must set the task memory limit; the message of AWS is not known
        refuse("InvalidParameterException", "Service Connect requires a task memory limit in the task definition.")
    for one in wanted.get("services") or ():
        _check_service(store, service, space, one, definition, former)
    shape[CONFIGURATION] = {**wanted, "namespace": space.arn}


def _check_service(
    store: Store, service: str, space: Any, one: Shape, definition: TaskDefinition, former: TaskDefinition | None
) -> None:
    port = one["portName"]
    mapping = _mapping(definition, port)
    if mapping is None:
        refuse("InvalidParameterException", texts.NO_SUCH_PORT.format(port))
    if former is not None and (there := _mapping(former, port)) and _protocol(there) != _protocol(mapping):
        # API reference, PortMapping, appProtocol; the message of AWS is not known
        refuse("InvalidParameterException", "The appProtocol of a Service Connect service cannot be changed.")
    if len(one.get("clientAliases") or ()) != 1:
        # API reference, ServiceConnectService, clientAliases
        refuse("InvalidParameterException", "A Service Connect service must have exactly one client alias.")
    own = store.services[service].connect if service in store.services else {}
    name = _discovery_name(one)
    if name not in own and any(other.name == name for other in _entries(store, space.id)):
        refuse("InvalidParameterException", texts.ENTRY_IN_USE.format(space.arn))
    alias = _alias(space, one)
    for key, other in store.services.items():
        if key != service and other.status != "INACTIVE" and alias in dict(_aliases(store, other, space)):
            refuse("InvalidParameterException", texts.ENTRY_IN_USE.format(space.arn))


def keep(store: Store, service: Service) -> None:
    """Create the service's missing entries in Cloud Map: ECS creates them at once, before the first task."""
    if not on(service.shape):
        return
    wanted = service.shape[CONFIGURATION]
    space = _namespace(store, wanted["namespace"])
    names = [_discovery_name(one) for one in wanted.get("services") or ()]
    if not names and not any(name.startswith(_CLIENT) for name in service.connect):
        names = [f"{_CLIENT}.{uuid.uuid4()}.{service.name}"]
    for name in names:
        if name not in service.connect:
            made = store.discovery.create_service(
                name, space.id, str(uuid.uuid4()), "", None, None, None, _MANAGED, "HTTP"
            )
            service.connect[name] = made.id


def settle(store: Store, service: Service) -> None:
    """Delete the entries in Cloud Map that no deployment of a service uses and no task is registered in."""
    used = {name for one in service.deployments for name in _names(one.spec)} if service.status != "INACTIVE" else set()
    as_client = service.status != "INACTIVE" and any(on(one.spec) for one in service.deployments)
    for name, identifier in list(service.connect.items()):
        entry = store.discovery.services.get(identifier)
        if name in used or (as_client and name.startswith(_CLIENT)) or (entry is not None and entry.instances):
            continue
        del service.connect[name]
        if entry is not None:
            store.discovery.delete_service(identifier)


def resources(store: Store, service: Service, spec: Shape) -> list[Shape]:
    """Return the members of a deployment's `serviceConnectResources`."""
    known = store.discovery.services
    return [
        {"discoveryName": name, "discoveryArn": known[service.connect[name]].arn}
        for name in _names(spec)
        if service.connect.get(name) in known
    ]


def entries(store: Store, task: Task) -> list[str]:
    """Return the ids of the entries in Cloud Map in which a task is registered."""
    service = store.services.get(f"{task.cluster}/{task.service}")
    if service is None or not on(task.spec):
        return []
    names = _names(task.spec) or [name for name in service.connect if name.startswith(_CLIENT)]
    return [service.connect[name] for name in names if service.connect.get(name) in store.discovery.services]


def endpoints(store: Store, task: Task) -> dict[str, str]:
    """Return the endpoints that a new task can call through its proxy: `name:port`, with the entry's id in Cloud Map.

    The task never learns of later ones (developer guide, "Service Connect components").
    """
    space = _found(store, task.spec[CONFIGURATION]["namespace"]) if on(task.spec) else None
    if space is None:
        return {}
    return {
        alias: identifier
        for service in store.services.values()
        if service.status != "INACTIVE"
        for alias, identifier in _aliases(store, service, space)
    }


def _aliases(store: Store, service: Service, space: Any) -> Iterator[tuple[str, str]]:
    """Yield each endpoint of a service in a namespace, and the id of its entry in Cloud Map."""
    wanted = service.shape.get(CONFIGURATION) or {}
    if not wanted.get("enabled") or wanted["namespace"] != space.arn:
        return
    for one in wanted.get("services") or ():
        if identifier := service.connect.get(_discovery_name(one)):
            yield _alias(space, one), identifier


def _alias(space: Any, one: Shape) -> str:
    alias = one["clientAliases"][0]
    return f"{alias.get('dnsName') or f'{_discovery_name(one)}.{space.name}'}:{alias['port']}"


def _discovery_name(one: Shape) -> str:
    return str(one.get("discoveryName") or one["portName"])


def _names(spec: Mapping[str, Any]) -> list[str]:
    """Return the discovery names of a deployment."""
    return [_discovery_name(one) for one in spec[CONFIGURATION].get("services") or ()] if on(spec) else []


def _mapping(definition: TaskDefinition, port: str) -> Shape | None:
    mappings = (one for c in definition.shape["containerDefinitions"] for one in c.get("portMappings") or ())
    return next((one for one in mappings if one.get("name") == port), None)


def _protocol(mapping: Shape) -> str:
    return str(mapping.get("appProtocol", "tcp"))


def _entries(store: Store, namespace_id: str) -> list[Any]:
    return [one for one in store.discovery.services.values() if one.namespace_id == namespace_id]


def _default(store: Store, service: str) -> str:
    """Return the namespace of the service's cluster; empty if it has none."""
    return str((store.clusters[service.partition("/")[0]].service_connect or {}).get("namespace", ""))


def _namespace(store: Store, wanted: str) -> Any:
    space = _found(store, wanted)
    if space is None:
        refuse("NamespaceNotFoundException", texts.NO_SUCH_NAMESPACE.format(wanted))
    return space


def _found(store: Store, wanted: str) -> Any:
    """Return the namespace with an ARN or a name, or None."""
    return next((one for one in store.discovery.list_namespaces() if wanted in (one.arn, one.name)), None)
