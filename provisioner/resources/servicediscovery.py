"""Cloud Map: the private namespace in which services find each other, and an entry in it for each service."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws import durations
from provisioner.aws.api import Api, TagCalls
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import (
    ASKED,
    CHANGED,
    FAILURE,
    HERE,
    OURS,
    OWN,
    TAGS_AT_ONCE,
    UNSHOWN_TAGS,
    Use,
    grants,
    untagging,
)
from provisioner.aws.tagging import observed, tag_map, tags_of
from provisioner.engine.clock import since
from provisioner.engine.costs import Around, Cost, monthly
from provisioner.engine.errors import Failed
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.traits import ListedLate
from provisioner.resources.phrases import named
from provisioner.resources.route53.zones import vpc_zones

API = Api(
    "servicediscovery",
    "Cloud Map",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("servicediscovery").list_tags_for_resource(ResourceARN=arn)["Tags"]),
        lambda aws, arn, tags: aws.client("servicediscovery").tag_resource(ResourceARN=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("servicediscovery").untag_resource(ResourceARN=arn, TagKeys=keys),
    ),
    transient=(
        Row("in_use", "ResourceInUse", "", 600, "instances or services are left", "Cloud Map API"),
        Row("in_use", "DuplicateRequest", "", 300, "another operation is in progress", "Cloud Map API"),
        Row("in_use", "NamespaceAlreadyExists", "", 120, "the namespace of an earlier run is not listed yet",
            "Cloud Map API, CreatePrivateDnsNamespace"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class PrivateDnsNamespace(ListedLate, Resource):
    """A namespace with a private zone of the same name, visible in one VPC only.

    Its creation and its deletion are operations of about 35 s each; it has no id before its creation is done.
    """

    namespace_name: str
    vpc: str
    description: str

    type_name = "private_dns_namespace"
    api = API
    takes = Takes(
        ready=(durations.NAMESPACE_OPERATION,),
        output=(durations.NAMESPACE_OPERATION,),
        gone=(durations.NAMESPACE_OPERATION,),
    )
    arn = "namespace/*"
    permissions = (
        *grants("servicediscovery", "ListNamespaces ListOperations"),
        *grants("servicediscovery", "GetNamespace", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("servicediscovery", "GetOperation", use=Use.OTHER, why=FAILURE),
        *grants("servicediscovery", "ListTagsForResource", use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("servicediscovery", "CreatePrivateDnsNamespace", conditions=(*ASKED, *HERE)),
        *grants("servicediscovery", "DeleteNamespace", OWN, conditions=OURS),
        *grants("servicediscovery", "UpdatePrivateDnsNamespace", OWN, conditions=OURS, use=Use.OTHER, why=CHANGED),
        *grants("servicediscovery", "TagResource", conditions=(*ASKED, *HERE), **TAGS_AT_ONCE),
        *untagging("servicediscovery", "UntagResource", conditions=HERE),
    )
    # other VPCs may have namespaces of the same name
    identity = ("namespace_name", "vpc")
    outputs = ("arn", "hosted_zone_id")
    delete_timeout = 600
    # lists show it when its operation ends, after up to 70 s (durations.NAMESPACE_OPERATION); then they may lag
    listed_within = 120

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield monthly("the hosted zone of a namespace", "zone.month")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["namespace_name"] for fields in known}
        # without the owner the list includes other accounts' shared namespaces (API reference, ListNamespaces)
        filters = [{"Name": "TYPE", "Values": ["DNS_PRIVATE"]}, {"Name": "RESOURCE_OWNER", "Values": ["SELF"]}]
        for namespace in aws.pages("servicediscovery", "list_namespaces", "Namespaces", Filters=filters):
            tags = tags_of(aws, "servicediscovery", namespace["Arn"], known=namespace["Name"] in names)
            if aws.owns(tags) or namespace["Name"] in names:
                vpc = cls._vpc(aws, namespace)
                # AWS does not delete a namespace that has services
                used = aws.owns(tags) and any(True for _ in _services(aws, namespace["Id"]))
                deleting = aws.owns(tags) and not used and cls._deleting(aws, namespace["Id"])
                if aws.owns(tags) and not deleting and vpc is None:
                    # its deletion may have ended since: then this read fails, and the list is read again
                    aws.client("servicediscovery").get_namespace(Id=namespace["Id"])
                yield cls._live(aws, namespace, tags, vpc, deleting=deleting)

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        for namespace_id in ids:
            with IgnoreNotFound():
                namespace = aws.client("servicediscovery").get_namespace(Id=namespace_id)["Namespace"]
                tags = tags_of(aws, "servicediscovery", namespace["Arn"])
                deleting = cls._deleting(aws, namespace_id)
                # nobody needs the VPC of a namespace that is being deleted, and its zone is deleted first
                vpc = None if deleting else cls._vpc(aws, namespace)
                yield cls._live(aws, namespace, tags, vpc, deleting=deleting)

    @staticmethod
    def _live(
        aws: Aws, namespace: Mapping[str, Any], tags: Mapping[str, str], vpc: str | None, *, deleting: bool
    ) -> Observed:
        attributes = {
            "namespace_name": namespace["Name"],
            "vpc": vpc,
            "description": namespace.get("Description", ""),
        }
        outputs = {"arn": namespace["Arn"], "hosted_zone_id": _zone_of(namespace)}
        status = "deleting" if deleting else ""
        return observed(aws, namespace["Id"], attributes, tags, outputs, status=status, deleting=deleting)

    @staticmethod
    def _vpc(aws: Aws, namespace: Mapping[str, Any]) -> str | None:
        """Return the VPC of the namespace's zone, which Cloud Map itself does not show."""
        if (zone := _zone_of(namespace)) is None:
            return None
        if zone in (near := vpc_zones(aws)):
            return near[zone][1]
        return next((vpc["VPCId"] for vpc in _zone(aws, zone).get("VPCs", ())), None)

    @staticmethod
    def _deleting(aws: Aws, namespace_id: str) -> bool:
        filters = [
            {"Name": "NAMESPACE_ID", "Values": [namespace_id]},
            {"Name": "TYPE", "Values": ["DELETE_NAMESPACE"]},
            {"Name": "STATUS", "Values": ["SUBMITTED", "PENDING"], "Condition": "IN"},
        ]
        return any(aws.pages("servicediscovery", "list_operations", "Operations", Filters=filters))

    def create(self, aws: Aws, token: str) -> Observed:
        self._check_zones(aws)
        made = aws.client("servicediscovery").create_private_dns_namespace(
            Name=self.namespace_name,
            CreatorRequestId=token,
            Description=self.description,
            Vpc=self.vpc,
            Tags=aws.tag_list(self.address),
        )
        outputs = {"operation": made["OperationId"]}
        return Observed("", self.fields(), outputs, address=self.address, status="creating")

    def _check_zones(self, aws: Aws) -> None:
        """Raise `Failed` for a zone of the same name: AWS would fail later, and never list the namespace.

        A zone of Cloud Map is accepted: it may be this very namespace's, which an earlier attempt began to create.
        """
        where = {"VPCId": self.vpc, "VPCRegion": aws.region}
        for zone in aws.pages("route53", "list_hosted_zones_by_vpc", "HostedZoneSummaries", **where):
            if zone["Name"].rstrip(".") == self.namespace_name and not _of_cloud_map(aws, zone):
                raise Failed(
                    f"the VPC already has a private hosted zone {self.namespace_name} ({zone['HostedZoneId']}), but "
                    f"Cloud Map creates its own of that name: set another dns.discovery_domain, or delete that zone"
                )

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("servicediscovery").update_private_dns_namespace(
            Id=live.id, Namespace={"Description": self.description}
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("servicediscovery").delete_namespace(Id=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return None if live.id else "waiting for Cloud Map to create it and its hosted zone"

    @classmethod
    def creation_failed(cls, aws: Aws, outputs: Mapping[str, Any]) -> str:
        if "operation" not in outputs:
            return ""
        operation = aws.client("servicediscovery").get_operation(OperationId=outputs["operation"])["Operation"]
        if operation["Status"] != "FAIL":
            return ""
        reason = f"{operation.get('ErrorCode', '')}: {operation.get('ErrorMessage', '')}".rstrip(".")
        return f"Cloud Map could not create the namespace ({reason}). Run again to retry"

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        if "operation" not in live.outputs:
            return ""
        shown = aws.client("servicediscovery").get_operation(OperationId=live.outputs["operation"])["Operation"]
        return f"operation {shown['Id']} of Cloud Map is {shown['Status']}{since(shown.get('CreateDate'))}"

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return named("services", (service["Name"] for service in _services(aws, live.id)))


@dataclass(frozen=True)
class DiscoveryService(Resource):
    """A service's entry in the namespace: ECS registers the tasks in it, and reports whether they are healthy."""

    service_name: str
    namespace_id: str
    dns_config: Mapping[str, Any]
    health_check_custom_config: Mapping[str, int]

    type_name = "discovery_service"
    api = API
    arn = "service/*"
    permissions = (
        *grants("servicediscovery", "ListServices"),
        *grants("servicediscovery", "ListInstances", OWN),
        *grants("servicediscovery", "CreateService", OWN, conditions=ASKED),
        *grants("servicediscovery", "CreateService", "namespace/*", conditions=OURS),
        *grants("servicediscovery", "DeleteService", OWN, conditions=OURS),
        *grants("servicediscovery", "UpdateService", OWN, conditions=OURS, use=Use.OTHER, why=CHANGED),
        *grants(
            "servicediscovery", "DeregisterInstance", OWN, conditions=OURS, use=Use.OTHER, why="instances left over"
        ),
    )
    identity = ("namespace_id", "service_name")
    outputs = ("arn",)
    create_only = frozenset({"service_name", "namespace_id", "health_check_custom_config"})
    delete_timeout = 600

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["service_name"] for fields in known}
        for namespace in aws.live(PrivateDnsNamespace):
            if namespace.owned and namespace.id:
                for service in _services(aws, namespace.id):
                    tags = tags_of(aws, "servicediscovery", service["Arn"], known=service["Name"] in names)
                    if aws.owns(tags) or service["Name"] in names:
                        yield cls._live(aws, service, namespace.id, tags)

    @staticmethod
    def _live(aws: Aws, service: Mapping[str, Any], namespace_id: str, tags: Mapping[str, str]) -> Observed:
        attributes = {
            "service_name": service["Name"],
            "namespace_id": namespace_id,
            # AWS repeats the namespace in it
            "dns_config": {key: value for key, value in service.get("DnsConfig", {}).items() if key != "NamespaceId"},
            "health_check_custom_config": service.get("HealthCheckCustomConfig"),
        }
        return observed(aws, service["Id"], attributes, tags, {"arn": service["Arn"]})

    def create(self, aws: Aws, token: str) -> Observed:
        service = aws.client("servicediscovery").create_service(
            Name=self.service_name,
            NamespaceId=self.namespace_id,
            CreatorRequestId=token,
            DnsConfig=self.dns_config,
            HealthCheckCustomConfig=self.health_check_custom_config,
            Tags=aws.tag_list(self.address),
        )["Service"]
        return self._live(aws, service, self.namespace_id, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        records = {"DnsRecords": self.dns_config["DnsRecords"]}
        aws.client("servicediscovery").update_service(Id=live.id, Service={"DnsConfig": records})

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # tasks that were stopped by force, or lost their agent, leave their instances behind
        client = aws.client("servicediscovery")
        for instance in _instances(aws, live.id):
            client.deregister_instance(ServiceId=live.id, InstanceId=instance["Id"])
        client.delete_service(Id=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return named("instances", (instance["Id"] for instance in _instances(aws, live.id)))


def _zone_of(namespace: Mapping[str, Any]) -> str | None:
    zone: str | None = namespace["Properties"]["DnsProperties"].get("HostedZoneId")
    return zone


def _zone(aws: Aws, zone_id: str) -> Mapping[str, Any]:
    """Return GetHostedZone's answer, or nothing if the zone is gone."""
    with IgnoreNotFound():
        answer: Mapping[str, Any] = aws.read("route53", "get_hosted_zone", Id=zone_id)
        return answer
    return {}


def _of_cloud_map(aws: Aws, summary: Mapping[str, Any]) -> bool:
    # Cloud Map's zones belong to the account itself (Route 53 API, HostedZoneOwner): only a read of the zone shows its
    # creator
    if summary["Owner"].get("OwningAccount") != aws.account:
        return False
    made_by = _zone(aws, summary["HostedZoneId"]).get("HostedZone", {}).get("LinkedService", {})
    return bool(made_by.get("ServicePrincipal") == "servicediscovery.amazonaws.com")


def _services(aws: Aws, namespace_id: str) -> Iterator[Mapping[str, Any]]:
    filters = [{"Name": "NAMESPACE_ID", "Values": [namespace_id]}]
    return aws.pages("servicediscovery", "list_services", "Services", Filters=filters)


def _instances(aws: Aws, service_id: str) -> Iterator[Mapping[str, Any]]:
    return aws.pages("servicediscovery", "list_instances", "Instances", ServiceId=service_id)
