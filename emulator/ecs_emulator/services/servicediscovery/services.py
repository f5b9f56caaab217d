"""Cloud Map's services and instances: stable ids, records in the namespace's zone, and no deletion while in use."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.route53.models import route53_backends
from moto.servicediscovery.models import ServiceDiscoveryBackend, ServiceInstance
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services import texts as services_texts
from ecs_emulator.services.servicediscovery import texts
from ecs_emulator.services.servicediscovery.rules import chosen


def _service_id(namespace_id: str, name: str) -> str:
    """Return the old id for a service created anew under its old name (seen on AWS; the API does not promise it)."""
    digest = int(hashlib.sha256(f"{namespace_id}/{name}".encode()).hexdigest(), 16)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "srv-" + "".join(letters[(digest >> (5 * i)) % 32] for i in range(16))


@wrap(ServiceDiscoveryBackend, "create_service")
def create_service(
    original: Any,
    self: Any,
    name: str,
    namespace_id: str,
    creator_request_id: str,
    description: str,
    dns_config: dict[str, Any] | None,
    health_check_config: dict[str, Any] | None,
    health_check_custom_config: dict[str, Any] | None,
    tags: list[dict[str, str]] | None,
    service_type: str,
) -> Any:
    """CreateService: refuse a used name, and a missing namespace; a repeated request returns the same service."""
    config = dns_config or {}
    namespace = self.get_namespace(namespace_id or config.get("NamespaceId", ""))
    requested = json.dumps([name, config, health_check_custom_config], sort_keys=True)
    for other in self.services.values():
        if (other.namespace_id, other.name) == (namespace.id, name):
            if other.creator_request_id == creator_request_id and other.requested == requested:
                return other
            refuse(
                "ServiceAlreadyExists",
                f"Service {name} already exists in namespace {namespace.id}: {other.id}",
                service_id=other.id,
                service_arn=other.arn,
                creator_request_id=other.creator_request_id,
            )
    if config and not config.get("DnsRecords"):
        refuse("InvalidInput", "DnsConfig must have at least one DNS record.")
    _check_records(config)
    if health_check_config:
        _check_health(namespace, health_check_custom_config)
    checks = (health_check_config, health_check_custom_config)
    service = original(
        self, name, namespace.id, creator_request_id, description, dns_config, *checks, None, service_type
    )
    del self.services[service.id]
    service.id = _service_id(namespace.id, name)
    service.arn = f"{service.arn.rpartition('/')[0]}/{service.id}"
    service.requested = requested
    _complete(namespace, service)
    self.services[service.id] = service
    self.tagger.tag_resource(service.arn, tags or [])
    return service


def _check_records(config: dict[str, Any]) -> None:
    """Refuse a CNAME without weighted routing or with other records (API reference, DnsRecord)."""
    record_types = [record["Type"] for record in config.get("DnsRecords", [])]
    if "CNAME" in record_types and (len(record_types) > 1 or config.get("RoutingPolicy") != "WEIGHTED"):
        refuse("InvalidInput", "A CNAME record needs the routing policy WEIGHTED and no other record.")


def _check_health(namespace: Any, custom: dict[str, Any] | None) -> None:
    """Refuse two types of health check, and Route 53's without a public namespace (API reference, CreateService)."""
    if custom is not None:
        refuse("InvalidInput", "HealthCheckConfig and HealthCheckCustomConfig cannot both be specified.")
    if namespace.type != "DNS_PUBLIC":
        refuse("InvalidInput", "HealthCheckConfig can be specified for services in public DNS namespaces only.")


def _complete(namespace: Any, service: Any) -> None:
    """Add AWS's defaults: routing policy, type, and a custom health check's threshold, which is always 1."""
    if service.dns_config:
        service.dns_config = {"RoutingPolicy": "MULTIVALUE", **service.dns_config, "NamespaceId": namespace.id}
    if service.health_check_custom_config is not None:
        service.health_check_custom_config = {"FailureThreshold": 1}
    service.service_type = service.service_type or ("HTTP" if namespace.type == "HTTP" else "DNS_HTTP")


@replace(ServiceDiscoveryBackend, "get_service")
def get_service(self: Any, service_id: str) -> Any:
    """GetService: accept an id or an ARN."""
    found = self.services.get(service_id.rpartition("/")[2])
    if found is None:
        refuse("ServiceNotFound", f"Service {service_id} was not found.")
    return found


@wrap(ServiceDiscoveryBackend, "delete_service")
def delete_service(original: Any, self: Any, service_id: str) -> None:
    """DeleteService: refuse while instances are registered."""
    service = self.get_service(service_id)
    if service.instances:
        refuse(
            "ResourceInUse",
            texts.SERVICE_HAS_INSTANCES,
        )
    self.tagger.delete_all_tags_for_resource(service.arn)
    original(self, service.id)


@wrap(ServiceDiscoveryBackend, "register_instance")
def register_instance(
    original: Any, self: Any, service_id: str, instance_id: str, creator_request_id: str, attributes: dict[str, str]
) -> str:
    """RegisterInstance: create or replace the instance, and put its record into the namespace's zone."""
    service = self.get_service(service_id)
    record_types = {record["Type"] for record in (service.dns_config or {}).get("DnsRecords", [])}
    if "A" in record_types and not attributes.get("AWS_INSTANCE_IPV4") and not attributes.get("AWS_ALIAS_DNS_NAME"):
        refuse("InvalidInput", "AWS_INSTANCE_IPV4 is required for a service with an A record.")
    service.instances = [other for other in service.instances if other.instance_id != instance_id]
    operation_id = str(original(self, service.id, instance_id, creator_request_id, attributes))
    self.operations[operation_id].targets["SERVICE"] = service.id
    instance = self.get_instance(service.id, instance_id)
    _drop_record(self, service, instance_id)
    _put_record(self, service, instance)
    return operation_id


def _zone(discovery: Any, service: Any) -> Any:
    namespace = discovery.namespaces.get(service.namespace_id)
    zones = route53_backends[discovery.account_id]["aws"].zones
    return zones.get(namespace.dns_properties.get("HostedZoneId", "")) if namespace else None


def _put_record(discovery: Any, service: Any, instance: ServiceInstance) -> None:
    zone, address = _zone(discovery, service), instance.attributes.get("AWS_INSTANCE_IPV4")
    for record in (service.dns_config or {}).get("DnsRecords", []):
        if zone is not None and record["Type"] == "A" and address:
            wanted: dict[str, Any] = {"Name": f"{service.name}.{zone.name}", "Type": "A", "TTL": int(record["TTL"])}
            routing = {"SetIdentifier": instance.instance_id, "MultiValueAnswer": True}
            zone.add_rrset({**wanted, **routing, "ResourceRecords": [address]})


def _drop_record(discovery: Any, service: Any, instance_id: str) -> None:
    if (zone := _zone(discovery, service)) is not None:
        zone.delete_rrset_by_id(instance_id)


@wrap(ServiceDiscoveryBackend, "deregister_instance")
def deregister_instance(original: Any, self: Any, service_id: str, instance_id: str) -> str:
    """DeregisterInstance: delete its record too."""
    service = self.get_service(service_id)
    operation_id = str(original(self, service.id, instance_id))
    self.operations[operation_id].targets["SERVICE"] = service.id
    _drop_record(self, service, instance_id)
    return operation_id


@replace(ServiceDiscoveryResponse, "list_services")
def list_services(self: Any) -> str:
    """ListServices: support the filter NAMESPACE_ID."""
    discovery = self.servicediscovery_backend
    rows = [
        {**service.to_json(), "InstanceCount": len(service.instances), "NAMESPACE_ID": service.namespace_id}
        for service in discovery.services.values()
    ]
    return json.dumps({"Services": chosen(self, rows)})


@replace(ServiceDiscoveryResponse, "get_service")
def show_service(self: Any) -> str:
    """GetService: show the count of instances."""
    service = self.servicediscovery_backend.get_service(json.loads(self.body)["Id"])
    return json.dumps({"Service": {**service.to_json(), "InstanceCount": len(service.instances)}})


def _check_arn(discovery: Any, arn: str) -> None:
    known = {resource.arn for resource in [*discovery.namespaces.values(), *discovery.services.values()]}
    if arn not in known:
        refuse("ResourceNotFoundException", f"Resource {arn} was not found.")


@wrap(ServiceDiscoveryBackend, "tag_resource")
def tag_resource(original: Any, self: Any, resource_arn: str, tags: list[dict[str, str]]) -> None:
    """TagResource: refuse an unknown namespace or service, and more than 50 tags."""
    _check_arn(self, resource_arn)
    if len({*self.tagger.get_tag_dict_for_resource(resource_arn), *(tag["Key"] for tag in tags)}) > 50:
        refuse("TooManyTagsException", services_texts.TOO_MANY_TAGS, ResourceName=resource_arn)
    original(self, resource_arn, tags)


@wrap(ServiceDiscoveryBackend, "list_tags_for_resource")
def list_tags_for_resource(original: Any, self: Any, resource_arn: str) -> Any:
    """ListTagsForResource: refuse an unknown namespace or service."""
    _check_arn(self, resource_arn)
    return original(self, resource_arn)
