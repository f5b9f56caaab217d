"""Refusals by Cloud Map."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.network import vpc

case = partial(Case, "servicediscovery")
NOTHING, NO_SERVICE = "ns-0000000000000000", "srv-0000000000000000"
A = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}


def ended(scene: Scene, operation: str) -> dict[str, Any]:
    """An operation when it is over."""
    client = scene.client("servicediscovery")

    def over() -> dict[str, Any]:
        found = dict(client.get_operation(OperationId=operation)["Operation"])
        return found if found["Status"] in ("SUCCESS", "FAIL") else {}

    return scene.wait(over)


@once
def namespace(scene: Scene, name: str = "refused.internal") -> str:
    """The id of a private namespace of the VPC."""
    started = scene.client("servicediscovery").create_private_dns_namespace(
        Name=name, Vpc=vpc(scene), CreatorRequestId=f"token of {name}"
    )
    return str(ended(scene, started["OperationId"])["Targets"]["NAMESPACE"])


@once
def service(scene: Scene) -> str:
    """The id of a service with an instance."""
    client = scene.client("servicediscovery")
    made: str = client.create_service(Name="web", NamespaceId=namespace(scene), DnsConfig=A, CreatorRequestId="web")[
        "Service"
    ]["Id"]
    client.register_instance(ServiceId=made, InstanceId="one", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.9"})
    return made


def twice_deleted(scene: Scene, client: Any) -> Any:
    doomed = namespace(scene, f"{scene.name()}.internal")
    client.delete_namespace(Id=doomed)
    return client.delete_namespace(Id=doomed)


def create(scene: Scene, client: Any, **more: Any) -> Any:
    """Create a service."""
    return client.create_service(**{"Name": scene.name(), "NamespaceId": namespace(scene), "DnsConfig": A, **more})


CASES = (
    case("CreatePrivateDnsNamespace", "with a name in use in the VPC", "NamespaceAlreadyExists", ERRORS,
        lambda s, c: (namespace(s), c.create_private_dns_namespace(Name="refused.internal", Vpc=vpc(s)))),
    case("CreatePrivateDnsNamespace", "with a token of more than 64 characters", "InvalidInput",
        "https://github.com/hashicorp/terraform-provider-aws/issues/4701",
        lambda s, c: c.create_private_dns_namespace(Name="x.internal", Vpc=vpc(s), CreatorRequestId="x" * 65)),
    case("CreatePrivateDnsNamespace", "with a description of more than 1024 characters", "InvalidInput",
        parameter("Description"),
        lambda s, c: c.create_private_dns_namespace(Name="x.internal", Vpc=vpc(s), Description="x" * 1025)),
    case("CreatePrivateDnsNamespace", "with a space in the name", "InvalidInput", parameter("Name"),
        lambda s, c: c.create_private_dns_namespace(Name="x internal", Vpc=vpc(s))),
    case("CreatePrivateDnsNamespace", "in an unknown VPC, reported by the operation", "CANNOT_CREATE_HOSTED_ZONE",
        "https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html",
        lambda s, c: ended(s, c.create_private_dns_namespace(
            Name="x.internal", Vpc="vpc-00000000000000000")["OperationId"])["ErrorCode"]),
    case("CreatePrivateDnsNamespace", "next to a private zone with the name, reported by the operation",
        "CANNOT_CREATE_HOSTED_ZONE", "https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html",
        lambda s, c: (
            s.client("route53").create_hosted_zone(
                Name="taken.internal", CallerReference=s.name(), HostedZoneConfig={"PrivateZone": True},
                VPC={"VPCRegion": "ap-northeast-1", "VPCId": vpc(s)}),
            ended(s, c.create_private_dns_namespace(Name="taken.internal", Vpc=vpc(s))["OperationId"])["ErrorCode"],
        )[1]),
    case("DeleteNamespace", "of an unknown ID", "NamespaceNotFound", ERRORS,
        lambda s, c: c.delete_namespace(Id=NOTHING)),
    case("DeleteNamespace", "while a service is in it", "ResourceInUse", ERRORS,
        lambda s, c: (service(s), c.delete_namespace(Id=namespace(s)))),
    case("DeleteNamespace", "while it is being deleted", "DuplicateRequest", ERRORS, twice_deleted),
    case("GetNamespace", "of an unknown ID", "NamespaceNotFound", ERRORS,
        lambda s, c: c.get_namespace(Id=NOTHING)),
    case("GetOperation", "of an unknown ID", "OperationNotFound", ERRORS,
        lambda s, c: c.get_operation(OperationId="nothing")),
    case("CreateService", "with a name in use in the namespace", "ServiceAlreadyExists", ERRORS,
        lambda s, c: (service(s), create(s, c, Name="web"))),
    case("CreateService", "in an unknown namespace", "NamespaceNotFound", ERRORS,
        lambda s, c: create(s, c, NamespaceId=NOTHING)),
    case("CreateService", "with invalid characters in the name", "InvalidInput", parameter("Name"),
        lambda s, c: create(s, c, Name="web server")),
    case("CreateService", "without a DNS record", "InvalidInput", parameter("DnsConfig"),
        lambda s, c: create(s, c, DnsConfig={"DnsRecords": []})),
    case("CreateService", "with CNAME and MULTIVALUE", "InvalidInput",
        "https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsRecord.html",
        lambda s, c: create(s, c, DnsConfig={
            "RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "CNAME", "TTL": 10}]})),
    case("CreateService", "with both kinds of health check", "InvalidInput", parameter("HealthCheckCustomConfig"),
        lambda s, c: create(s, c, HealthCheckConfig={"Type": "TCP"}, HealthCheckCustomConfig={"FailureThreshold": 1})),
    case("CreateService", "with Route 53's health check in a private namespace", "InvalidInput",
        parameter("HealthCheckConfig"), lambda s, c: create(s, c, HealthCheckConfig={"Type": "TCP"})),
    case("GetService", "of an unknown ID", "ServiceNotFound", ERRORS,
        lambda s, c: c.get_service(Id=NO_SERVICE)),
    case("UpdateService", "of an unknown ID", "ServiceNotFound", ERRORS,
        lambda s, c: c.update_service(Id=NO_SERVICE, Service={"Description": "x"})),
    case("DeleteService", "of an unknown ID", "ServiceNotFound", ERRORS,
        lambda s, c: c.delete_service(Id=NO_SERVICE)),
    case("DeleteService", "while instances are registered", "ResourceInUse",
        "https://github.com/hashicorp/terraform-provider-aws/issues/4853",
        lambda s, c: c.delete_service(Id=service(s)), "Service contains registered instances"),
    case("ListInstances", "of an unknown service", "ServiceNotFound", ERRORS,
        lambda s, c: c.list_instances(ServiceId=NO_SERVICE)),
    case("RegisterInstance", "of an unknown service", "ServiceNotFound", ERRORS,
        lambda s, c: c.register_instance(ServiceId=NO_SERVICE, InstanceId="x", Attributes={"a": "b"})),
    case("RegisterInstance", "without an address for the A record", "InvalidInput", parameter("Attributes"),
        lambda s, c: c.register_instance(ServiceId=service(s), InstanceId="x", Attributes={"a": "b"})),
    case("DeregisterInstance", "of an unknown instance", "InstanceNotFound", ERRORS,
        lambda s, c: c.deregister_instance(ServiceId=service(s), InstanceId="nothing")),
    case("ListTagsForResource", "of an unknown ARN", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_tags_for_resource(
            ResourceARN=f"arn:aws:servicediscovery:ap-northeast-1:123456789012:namespace/{NOTHING}")),
    case("TagResource", "of an unknown ARN", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.tag_resource(
            ResourceARN=f"arn:aws:servicediscovery:ap-northeast-1:123456789012:namespace/{NOTHING}",
            Tags=[{"Key": "a", "Value": "b"}])),
    case("TagResource", "beyond 50 tags", "TooManyTagsException", ERRORS,
        lambda s, c: c.tag_resource(
            ResourceARN=c.get_namespace(Id=namespace(s))["Namespace"]["Arn"],
            Tags=[{"Key": f"a{number}", "Value": "b"} for number in range(51)])),
)  # fmt: skip
