"""Refusals by Certificate Manager."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.network import balancer, target_group

case = partial(Case, "acm")
NOTHING = "arn:aws:acm:ap-northeast-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"


@once
def pending(scene: Scene) -> str:
    """The ARN of a certificate that nobody validates."""
    made = scene.client("acm").request_certificate(DomainName="pending.example.com", ValidationMethod="DNS")
    return str(made["CertificateArn"])


@once
def issued(scene: Scene, name: str = "app") -> str:
    """The ARN of a certificate that was issued this moment."""
    acm, route53 = scene.client("acm"), scene.client("route53")
    zones = route53.list_hosted_zones()["HostedZones"]
    zone = next(one["Id"] for one in zones if one["Name"] == "example.com.")
    arn: str = acm.request_certificate(DomainName=f"{name}.example.com", ValidationMethod="DNS")["CertificateArn"]

    def found() -> dict[str, Any]:
        return dict(acm.describe_certificate(CertificateArn=arn)["Certificate"])

    record = scene.wait(lambda: found().get("DomainValidationOptions", [{}])[0].get("ResourceRecord"))
    wanted = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
    changes = [{"Action": "UPSERT", "ResourceRecordSet": wanted}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    scene.wait(lambda: found()["Status"] == "ISSUED")
    return arn


@once
def in_use(scene: Scene, name: str = "secure") -> tuple[str, str]:
    """The ARNs of a certificate and of the listener that uses it."""
    certificate, elb = issued(scene, name), scene.client("elbv2")
    arn = balancer(scene, name)

    def listen() -> str:
        try:
            made = elb.create_listener(
                LoadBalancerArn=arn,
                Protocol="HTTPS",
                Port=443,
                SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
                Certificates=[{"CertificateArn": certificate}],
                DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group(scene, name)}],
            )
        except elb.exceptions.ClientError:
            return ""
        return str(made["Listeners"][0]["ListenerArn"])

    return certificate, scene.wait(listen)


def just_freed(scene: Scene, acm: Any) -> Any:
    """Delete a certificate whose listener was deleted a moment ago."""
    certificate, listener = in_use(scene, scene.name("freed"))
    scene.client("elbv2").delete_listener(ListenerArn=listener)
    return acm.delete_certificate(CertificateArn=certificate)


CASES = (
    case("RequestCertificate", "with an invalid domain name", "ValidationException", parameter("DomainName"),
        lambda s, c: c.request_certificate(DomainName="app_1.example.com", ValidationMethod="DNS")),
    case("RequestCertificate", "with an invalid alternative name", "ValidationException",
        parameter("SubjectAlternativeNames"),
        lambda s, c: c.request_certificate(
            DomainName="app.example.com", SubjectAlternativeNames=["*.*.example.com"], ValidationMethod="DNS")),
    case("RequestCertificate", "with a token of more than 32 characters", "ValidationException",
        parameter("IdempotencyToken"),
        lambda s, c: c.request_certificate(DomainName="app.example.com", IdempotencyToken="x" * 33)),
    case("RequestCertificate", "with invalid characters in the token", "ValidationException",
        parameter("IdempotencyToken"),
        lambda s, c: c.request_certificate(DomainName="app.example.com", IdempotencyToken="a-b")),
    case("RequestCertificate", "with a validation method that does not exist", "ValidationException",
        parameter("ValidationMethod"),
        lambda s, c: c.request_certificate(DomainName="app.example.com", ValidationMethod="TXT")),
    case("RequestCertificate", "with a tag key of AWS's own", "InvalidTagException", ERRORS,
        lambda s, c: c.request_certificate(DomainName="app.example.com", Tags=[{"Key": "aws:a", "Value": "b"}])),
    case("RequestCertificate", "with a validation domain that is not above the name",
        "InvalidDomainValidationOptionsException", parameter("DomainValidationOptions"),
        lambda s, c: c.request_certificate(DomainName="app.example.com", DomainValidationOptions=[
            {"DomainName": "app.example.com", "ValidationDomain": "example.net"}])),
    case("DescribeCertificate", "of an unknown ARN", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.describe_certificate(CertificateArn=NOTHING)),
    case("GetCertificate", "while it is pending", "RequestInProgressException", ERRORS,
        lambda s, c: c.get_certificate(CertificateArn=pending(s))),
    case("ListTagsForCertificate", "of an unknown ARN", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_tags_for_certificate(CertificateArn=NOTHING)),
    case("AddTagsToCertificate", "of an unknown ARN", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.add_tags_to_certificate(CertificateArn=NOTHING, Tags=[{"Key": "a", "Value": "b"}])),
    case("AddTagsToCertificate", "with a tag key of AWS's own", "InvalidTagException", ERRORS,
        lambda s, c: c.add_tags_to_certificate(CertificateArn=pending(s), Tags=[{"Key": "aws:a", "Value": "b"}])),
    case("DeleteCertificate", "of an unknown ARN", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.delete_certificate(CertificateArn=NOTHING)),
    case("DeleteCertificate", "of an ARN of another type", "ValidationException", parameter("CertificateArn"),
        lambda s, c: c.delete_certificate(CertificateArn="arn:aws:iam::123456789012:server-certificate/x")),
    case("DeleteCertificate", "while a listener uses it", "ResourceInUseException", ERRORS,
        lambda s, c: c.delete_certificate(CertificateArn=in_use(s)[0]), "is in use"),
    case("DeleteCertificate", "moments after its listener is gone", "ResourceInUseException",
        "https://github.com/hashicorp/terraform-provider-aws/issues/3866", just_freed, "is in use"),
)  # fmt: skip
