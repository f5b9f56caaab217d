"""Cloud Map's namespaces: operations that take a moment, and a private zone that belongs to the namespace."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from moto.core.exceptions import ServiceException
from moto.route53.models import route53_backends
from moto.servicediscovery.models import Namespace, Operation, ServiceDiscoveryBackend
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from ecs_emulator import durations, faults
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.route53.rules import check_vpc, drop_zone
from ecs_emulator.services.servicediscovery import texts

_INTERNAL = ("INTERNAL_FAILURE", "The operation failed because of an internal error. Try again.")


@wrap(ServiceDiscoveryBackend, "_create_operation")
def create_operation(original: Any, self: Any, op_type: str, targets: dict[str, str]) -> str:
    """Start an operation as SUBMITTED; it becomes PENDING, then SUCCESS (GetOperation)."""
    operation_id = str(original(self, op_type, targets))
    operation = self.operations[operation_id]
    operation.pending_at = later(durations.NAMESPACE_SUBMITTED)
    operation.due = later(durations.NAMESPACE_OPERATION)
    operation.status, operation.error = "SUBMITTED", None
    return operation_id


def settle(discovery: Any) -> None:
    """Bring every operation to its present state, and remove namespaces whose deletion is done."""
    for operation in discovery.operations.values():
        if operation.status not in ("SUBMITTED", "PENDING"):
            continue
        if passed(operation.due):
            operation.status = "FAIL" if operation.error else "SUCCESS"
            if operation.operation_type == "DELETE_NAMESPACE" and not operation.error:
                _forget(discovery, operation.targets["NAMESPACE"])
        elif passed(operation.pending_at):
            operation.status = "PENDING"


def _forget(discovery: Any, namespace_id: str) -> None:
    if namespace := discovery.namespaces.pop(namespace_id, None):
        discovery.tagger.delete_all_tags_for_resource(namespace.arn)


@wrap(ServiceDiscoveryResponse, "servicediscovery_backend")
def settled_backend(original: Any, self: Any) -> Any:
    """Return the Region's backend with every operation brought up to date."""
    discovery = original(self)
    settle(discovery)
    return discovery


@wrap(Operation, "to_json")
def operation_json(original: Any, self: Any, short: bool = False) -> dict[str, Any]:
    """Show an operation's new namespace only once it exists, and the error of a failed operation."""
    answer: dict[str, Any] = original(self, short)
    if self.operation_type == "CREATE_NAMESPACE" and self.status != "SUCCESS":
        answer.pop("Targets", None)
    if self.status == "FAIL" and not short:
        answer["ErrorCode"], answer["ErrorMessage"] = self.error
    return answer


def visible(discovery: Any) -> list[Any]:
    """Return the namespaces whose creation is done."""
    settle(discovery)
    return [space for space in discovery.namespaces.values() if discovery.operations[space.made_by].status == "SUCCESS"]


@replace(ServiceDiscoveryBackend, "list_namespaces")
def list_namespaces(self: Any) -> list[Any]:
    """ListNamespaces: leave out namespaces that are still being created."""
    return visible(self)


@replace(ServiceDiscoveryBackend, "get_namespace")
def get_namespace(self: Any, namespace_id: str) -> Any:
    """GetNamespace: refuse a namespace until it is created (NamespaceNotFound)."""
    found = {key: namespace for namespace in visible(self) for key in (namespace.id, namespace.arn)}
    if namespace_id not in found:
        refuse("NamespaceNotFound", f"Namespace {namespace_id} was not found.")
    return found[namespace_id]


def _create(
    discovery: Any, namespace_type: str, name: str, vpc: str, token: str, description: str, tags: Any, properties: Any
) -> str:
    settle(discovery)
    requested = (namespace_type, name, vpc, description)
    for other in discovery.namespaces.values():
        if other.requested == requested and other.creator_request_id == token:
            return str(other.made_by)
        if (other.type, other.name, other.vpc) == (namespace_type, name, vpc):
            _exists("NamespaceAlreadyExists", f"Namespace {name} already exists: {other.id}", token, other)
    namespace = Namespace(
        discovery.account_id,
        discovery.region_name,
        name,
        namespace_type,
        token,
        description,
        dns_properties={},
        http_properties={"HttpName": name},
        vpc=vpc or None,
    )
    operation_id = str(discovery._create_operation("CREATE_NAMESPACE", targets={"NAMESPACE": namespace.id}))
    if faults.current.strike("operations-fail", "servicediscovery:CreatePrivateDnsNamespace"):
        discovery.operations[operation_id].error = _INTERNAL
        return operation_id
    soa = ((properties or {}).get("DnsProperties") or {}).get("SOA") or {"TTL": 15}
    try:
        zone_id = "" if namespace_type == "HTTP" else _create_zone(discovery, namespace, vpc)
    except ServiceException as error:
        text = f"{error.message} (Service: AmazonRoute53; Status Code: 400; Error Code: {error.code})"
        discovery.operations[operation_id].error = ("CANNOT_CREATE_HOSTED_ZONE", text)
        return operation_id
    if zone_id:
        namespace.dns_properties = {"HostedZoneId": zone_id, "SOA": soa}
    namespace.requested, namespace.made_by = requested, operation_id  # type: ignore[attr-defined]
    namespace.vpc = vpc
    discovery.namespaces[namespace.id] = namespace
    discovery.tagger.tag_resource(namespace.arn, tags or [])
    return operation_id


def _exists(code: str, message: str, token: str, other: Any) -> NoReturn:
    refuse(code, message, creator_request_id=other.creator_request_id, namespace_id=other.id)


def _create_zone(discovery: Any, namespace: Any, vpc: str) -> str:
    """Create the namespace's hosted zone, with its name, in its VPC, managed by Cloud Map only; return the id."""
    route53 = route53_backends[discovery.account_id]["aws"]
    name, region = namespace.name.lower() + ".", discovery.region_name
    if vpc:
        check_vpc(route53, name, vpc, region)
    token = f"{namespace.creator_request_id}:{namespace.id}"
    zone = route53.create_hosted_zone(
        name, bool(vpc), token, vpc or None, region if vpc else None, "Created by AWS Cloud Map namespace"
    )
    zone.linked_service = {  # type: ignore[attr-defined]
        "ServicePrincipal": "servicediscovery.amazonaws.com",
        "Description": namespace.arn,
    }
    return zone.resource_id


@replace(ServiceDiscoveryBackend, "create_private_dns_namespace")
def create_private_dns_namespace(
    self: Any,
    name: str,
    creator_request_id: str,
    description: str,
    vpc: str,
    tags: Any,
    properties: Any,
) -> str:
    """CreatePrivateDnsNamespace: let the operation fail if the VPC is unknown or has a zone of that name."""
    return _create(self, "DNS_PRIVATE", name, vpc, creator_request_id, description, tags, properties)


@replace(ServiceDiscoveryBackend, "create_public_dns_namespace")
def create_public_dns_namespace(
    self: Any, name: str, creator_request_id: str, description: str, tags: Any, properties: Any
) -> str:
    """Answer CreatePublicDnsNamespace."""
    return _create(self, "DNS_PUBLIC", name, "", creator_request_id, description, tags, properties)


@replace(ServiceDiscoveryBackend, "create_http_namespace")
def create_http_namespace(self: Any, name: str, creator_request_id: str, description: str, tags: Any) -> str:
    """Answer CreateHttpNamespace."""
    return _create(self, "HTTP", name, "", creator_request_id, description, tags, None)


@replace(ServiceDiscoveryBackend, "delete_namespace")
def delete_namespace(self: Any, namespace_id: str) -> str:
    """DeleteNamespace: refuse with services in it, and a second request (DuplicateRequest); delete its zone too."""
    namespace = self.get_namespace(namespace_id)
    for operation in self.operations.values():
        deleting = operation.operation_type == "DELETE_NAMESPACE" and operation.targets["NAMESPACE"] == namespace.id
        if deleting and operation.status not in ("SUCCESS", "FAIL"):
            refuse(
                "DuplicateRequest",
                f"Another operation on namespace {namespace.id} is in progress.",
                duplicate_operation_id=operation.id,
            )
    if any(service.namespace_id == namespace.id for service in self.services.values()):
        refuse(
            "ResourceInUse",
            texts.NAMESPACE_HAS_SERVICES,
        )
    operation_id = str(self._create_operation("DELETE_NAMESPACE", targets={"NAMESPACE": namespace.id}))
    if faults.current.strike("operations-fail", "servicediscovery:DeleteNamespace"):
        self.operations[operation_id].error = _INTERNAL
        return operation_id
    route53 = route53_backends[self.account_id]["aws"]
    if zone := route53.zones.get(namespace.dns_properties.get("HostedZoneId", "")):
        drop_zone(route53, zone)
    return operation_id


@replace(ServiceDiscoveryBackend, "get_operation")
def get_operation(self: Any, operation_id: str) -> Any:
    """GetOperation: show the present state."""
    settle(self)
    if operation_id not in self.operations:
        refuse("OperationNotFound", f"Operation {operation_id} was not found.")
    return self.operations[operation_id]


@replace(ServiceDiscoveryResponse, "list_operations")
def list_operations(self: Any) -> str:
    """ListOperations: support all filters; moto forgets operations whose namespace is gone."""
    rows = [
        {
            "Id": operation.id,
            "Status": operation.status,
            "TYPE": operation.operation_type,
            "STATUS": operation.status,
            "NAMESPACE_ID": operation.targets.get("NAMESPACE"),
            "SERVICE_ID": operation.targets.get("SERVICE"),
        }
        for operation in self.servicediscovery_backend.operations.values()
    ]
    shown = [{"Id": row["Id"], "Status": row["Status"]} for row in chosen(self, rows)]
    return json.dumps({"Operations": shown})


def chosen(self: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that match the request's Filters."""
    for wanted in json.loads(self.body).get("Filters") or []:
        rows = [row for row in rows if _matches(row.get(wanted["Name"]), wanted)]
    return rows


def _matches(value: Any, wanted: dict[str, Any]) -> bool:
    if wanted.get("Condition") == "BEGINS_WITH":
        return str(value).startswith(wanted["Values"][0])
    return value in wanted["Values"]


def namespace_json(discovery: Any, namespace: Any) -> dict[str, Any]:
    """Return a namespace as AWS shows it, with its count of services."""
    services = [service for service in discovery.services.values() if service.namespace_id == namespace.id]
    shown: dict[str, Any] = namespace.to_json()
    shown.pop("UpdateDate")
    if not namespace.dns_properties:
        shown["Properties"].pop("DnsProperties")
    return {**shown, "ServiceCount": len(services), "ResourceOwner": discovery.account_id}


@replace(ServiceDiscoveryResponse, "get_namespace")
def show_namespace(self: Any) -> str:
    """Answer GetNamespace."""
    discovery = self.servicediscovery_backend
    namespace = discovery.get_namespace(json.loads(self.body)["Id"])
    return json.dumps({"Namespace": namespace_json(discovery, namespace)})


@replace(ServiceDiscoveryResponse, "list_namespaces")
def show_namespaces(self: Any) -> str:
    """ListNamespaces: support filters."""
    discovery = self.servicediscovery_backend
    rows = [
        {
            **namespace_json(discovery, space),
            "TYPE": space.type,
            "NAME": space.name,
            "HTTP_NAME": space.http_properties.get("HttpName"),
            "RESOURCE_OWNER": "SELF",
        }
        for space in discovery.list_namespaces()
    ]
    return json.dumps({"Namespaces": chosen(self, rows)})
