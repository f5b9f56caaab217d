"""Permissions of Cloud Map, by call, including Route 53's and EC2's (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.servicediscovery.models import servicediscovery_backends

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.route53.permissions import changed, normalized, vpc_of_zone

_CLOUD_MAP: Mapping[str, tuple[str, str, bool]] = {
    "DeleteNamespace": ("namespace", "Id", False),
    "GetNamespace": ("namespace", "Id", False),
    "UpdatePrivateDnsNamespace": ("namespace", "Id", True),
    "DeleteService": ("service", "Id", False),
    "GetService": ("service", "Id", False),
    "UpdateService": ("service", "Id", True),
    "DeregisterInstance": ("service", "ServiceId", True),
    "ListInstances": ("service", "ServiceId", False),
    "RegisterInstance": ("service", "ServiceId", True),
}
"""The type of an operation's resource, the parameter that names it, and whether Route 53's records change too."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Cloud Map, also of other services (guide, API permissions)."""
    operation, brought = call.operation, requested(call.tags())
    if operation == "CreateService":
        namespace = call.text("NamespaceId").rpartition("/")[2]
        # the namespace exists already, and has tags of its own
        yield call.existing(call.arn(f"namespace/{namespace}"), brought)
        yield call.check(call.arn("service/*"), brought)
    elif operation in _CLOUD_MAP:
        sort, parameter, records = _CLOUD_MAP[operation]
        name = call.text(parameter)
        yield call.existing(call.arn(f"{sort}/{name}"))
        zone = call.arn(f"hostedzone/{_zone(call, name)}", "route53")
        if operation == "DeleteNamespace":
            yield call.check(zone, action="route53:DeleteHostedZone")
        if records:
            yield call.check(zone, _written(call, name), "route53:ChangeResourceRecordSets")
    else:
        yield call.check(more=brought)
    if operation.startswith("Create") and brought:
        yield call.check(more=brought, action="servicediscovery:TagResource")
    if operation == "CreatePrivateDnsNamespace":
        yield call.check(more=vpc_of_zone(call.text("Vpc"), call.region), action="route53:CreateHostedZone")
        for action in ("route53:ListHostedZonesByName", "ec2:DescribeVpcs", "ec2:DescribeRegions"):
            yield call.check(action=action)
        yield call.check(call.arn("hostedzone/*", "route53"), action="route53:GetHostedZone")


def _written(call: ApiCall, named: str) -> Mapping[str, tuple[str, ...]]:
    """Return condition keys for Cloud Map's records: the SOA of a namespace, or the records of a service.

    The Update calls of both can change these (API reference, SOAChange and DnsConfigChange).
    """
    known = servicediscovery_backends[call.account][call.region]
    if namespace := known.namespaces.get(named):
        names, types = [namespace.name], ["SOA"]
    elif service := known.services.get(named):
        space = known.namespaces.get(service.namespace_id)
        names = [f"{service.name}.{space.name}"] if space else []
        types = [record["Type"] for record in (service.dns_config or {}).get("DnsRecords", ())]
    else:
        names, types = [], []
    action = "DELETE" if call.operation == "DeregisterInstance" else "UPSERT"
    return changed(map(normalized, names), types, [action])


def _zone(call: ApiCall, namespace: str) -> str:
    known = servicediscovery_backends[call.account][call.region].namespaces.get(namespace)
    properties = known.dns_properties if known else {}
    return str((properties or {}).get("HostedZoneId", "*"))
