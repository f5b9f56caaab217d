"""Refusals by Route 53."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.conftest import REGION
from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once, parameter
from tests.cloud.refusals.network import balancer, vpc, zone
from tests.cloud.refusals.servicediscovery import namespace

case = partial(Case, "route53")
NAMES = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html"
TYPES = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html"
ALIASES = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html"
NOTHING = "Z00000000000000000000"


@once
def records(scene: Scene) -> str:
    """The id of the zone, with an A record and a CNAME in it."""
    inside = zone(scene)
    change(scene.client("route53"), inside, "UPSERT", a("a", "192.0.2.1"))
    change(scene.client("route53"), inside, "UPSERT", record("cname", "CNAME", "a.refused.example"))
    return inside


@once
def private_zone(scene: Scene) -> str:
    """The id of a private zone of the VPC."""
    made = private(scene, scene.client("route53"), "db.internal")
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


@once
def reference(scene: Scene) -> str:
    """A caller reference that a zone was made with."""
    scene.client("route53").create_hosted_zone(Name="once.example", CallerReference="once")
    return "once"


def private(scene: Scene, route53: Any, name: str, vpc_id: str = "") -> Any:
    """Create a private zone."""
    where = {"VPCRegion": REGION, "VPCId": vpc_id or vpc(scene)}
    return route53.create_hosted_zone(
        Name=name, CallerReference=scene.name(), VPC=where, HostedZoneConfig={"PrivateZone": True}
    )


def record(name: str, kind: str, *values: str, **more: Any) -> dict[str, Any]:
    """A record of the zone."""
    full = f"{name}.refused.example" if name else "refused.example"
    return {"Name": full, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": one} for one in values], **more}


def a(name: str, value: str) -> dict[str, Any]:
    return record(name, "A", value)


def alias(name: str, target: str, zone_id: str) -> dict[str, Any]:
    wanted = {"DNSName": target, "HostedZoneId": zone_id, "EvaluateTargetHealth": False}
    return {"Name": f"{name}.refused.example", "Type": "A", "AliasTarget": wanted}


def change(route53: Any, zone_id: str, action: str, *wanted: dict[str, Any]) -> Any:
    """Send a batch of changes."""
    changes = [{"Action": action, "ResourceRecordSet": one} for one in wanted]
    return route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def host(scene: Scene) -> tuple[str, str]:
    """The name and the zone of a load balancer."""
    found = scene.client("elbv2").describe_load_balancers(LoadBalancerArns=[balancer(scene)])["LoadBalancers"][0]
    return found["DNSName"], found["CanonicalHostedZoneId"]


def own_ns(scene: Scene, route53: Any) -> Any:
    """Delete the zone's own NS record, exactly as it stands."""
    inside = zone(scene)
    found = route53.list_resource_record_sets(HostedZoneId=inside)["ResourceRecordSets"]
    return change(route53, inside, "DELETE", next(one for one in found if one["Type"] == "NS"))


def namespace_zone(scene: Scene) -> str:
    """The id of the zone that belongs to a namespace of Cloud Map."""
    found = scene.client("servicediscovery").get_namespace(Id=namespace(scene))["Namespace"]
    return str(found["Properties"]["DnsProperties"]["HostedZoneId"])


def tag(route53: Any, zone_id: str, number: int = 1, value: str = "b") -> Any:
    tags = [{"Key": f"a{one}", "Value": value} for one in range(number)]
    return route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id, AddTags=tags)


CASES = (
    case("CreateHostedZone", "with a caller reference used before", "HostedZoneAlreadyExists", ERRORS,
        lambda s, c: c.create_hosted_zone(Name="again.example", CallerReference=reference(s))),
    case("CreateHostedZone", "with a label of more than 63 characters", "InvalidDomainName", NAMES,
        lambda s, c: c.create_hosted_zone(Name=f"{'x' * 64}.example", CallerReference=s.name())),
    case("CreateHostedZone", "with an empty label", "InvalidDomainName", NAMES,
        lambda s, c: c.create_hosted_zone(Name="a..example", CallerReference=s.name())),
    case("CreateHostedZone", "with a name of more than 255 characters", "InvalidDomainName", NAMES,
        lambda s, c: c.create_hosted_zone(Name="x." * 130 + "example", CallerReference=s.name())),
    case("CreateHostedZone", "for an unknown VPC", "InvalidVPCId", ERRORS,
        lambda s, c: private(s, c, "other.internal", "vpc-00000000000000000")),
    case("CreateHostedZone", "for a VPC that has a zone of the name", "ConflictingDomainExists", ERRORS,
        lambda s, c: (private_zone(s), private(s, c, "db.internal"))),
    case("CreateHostedZone", "for a VPC that has a namespace of the name", "ConflictingDomainExists",
        "https://github.com/hashicorp/terraform-provider-aws/issues/37783",
        lambda s, c: (namespace(s), private(s, c, "refused.internal"))),
    case("DeleteHostedZone", "while it has records of its own", "HostedZoneNotEmpty", ERRORS,
        lambda s, c: c.delete_hosted_zone(Id=records(s))),
    case("DeleteHostedZone", "of an unknown ID", "NoSuchHostedZone", ERRORS,
        lambda s, c: c.delete_hosted_zone(Id=NOTHING)),
    case("DeleteHostedZone", "of a zone that is Cloud Map's", "AccessDenied", TEXT,
        lambda s, c: c.delete_hosted_zone(Id=namespace_zone(s))),
    case("GetHostedZone", "of an unknown ID", "NoSuchHostedZone", ERRORS,
        lambda s, c: c.get_hosted_zone(Id=NOTHING)),
    case("ListResourceRecordSets", "of an unknown ID", "NoSuchHostedZone", ERRORS,
        lambda s, c: c.list_resource_record_sets(HostedZoneId=NOTHING)),
    case("GetChange", "of an unknown ID", "NoSuchChange", ERRORS,
        lambda s, c: c.get_change(Id="C000000000000")),
    case("ListTagsForResources", "of an unknown ID", "NoSuchHostedZone", ERRORS,
        lambda s, c: c.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[NOTHING])),
    case("ChangeTagsForResource", "of an unknown ID", "NoSuchHostedZone", ERRORS, lambda s, c: tag(c, NOTHING)),
    case("ChangeTagsForResource", "with more than 10 tags", "InvalidInput", parameter("AddTags"),
        lambda s, c: tag(c, zone(s), 11)),
    case("ChangeTagsForResource", "with other signs than those allowed", "InvalidInput",
        "https://github.com/octodns/octodns-route53/pull/136", lambda s, c: tag(c, zone(s), value="*.b"),
        "Tags can only contain"),
    case("ChangeTagsForResource", "with a control character", "InvalidInput",
        "https://github.com/boto/boto/issues/384", lambda s, c: tag(c, zone(s), value="b\x1b"), "Invalid XML"),
    case("AssociateVPCWithHostedZone", "with a VPC that has a zone of the name", "ConflictingDomainExists", ERRORS,
        lambda s, c: c.associate_vpc_with_hosted_zone(
            HostedZoneId=private_zone(s), VPC={"VPCRegion": REGION, "VPCId": vpc(s)})),

    case("ChangeResourceRecordSets", "of an unknown zone", "NoSuchHostedZone", ERRORS,
        lambda s, c: change(c, NOTHING, "UPSERT", a("a", "192.0.2.1"))),
    case("ChangeResourceRecordSets", "that creates an existing record", "InvalidChangeBatch",
        "https://github.com/aws/aws-cdk/issues/8282",
        lambda s, c: change(c, records(s), "CREATE", a("a", "192.0.2.1")), "it already exists"),
    case("ChangeResourceRecordSets", "that creates one record twice", "InvalidChangeBatch",
        "https://github.com/aws/aws-cdk/issues/8282",
        lambda s, c: change(c, zone(s), "CREATE", a("twice", "192.0.2.1"), a("twice", "192.0.2.1"))),
    case("ChangeResourceRecordSets", "that deletes a record that does not exist", "InvalidChangeBatch", TEXT,
        lambda s, c: change(c, zone(s), "DELETE", a("nothing", "192.0.2.1")), "but it was not found"),
    case("ChangeResourceRecordSets", "that deletes a record with another value", "InvalidChangeBatch", TEXT,
        lambda s, c: change(c, records(s), "DELETE", a("a", "192.0.2.9")), "do not match the current values"),
    case("ChangeResourceRecordSets", "that deletes the zone's own NS record", "InvalidChangeBatch", ERRORS, own_ns),
    case("ChangeResourceRecordSets", "of a name outside the zone", "InvalidChangeBatch", ERRORS,
        lambda s, c: change(c, zone(s), "UPSERT", {**a("a", "192.0.2.1"), "Name": "a.example.net"}),
        "is not permitted in zone"),
    case("ChangeResourceRecordSets", "of a CNAME at the zone's own name", "InvalidChangeBatch", TYPES,
        lambda s, c: change(c, zone(s), "UPSERT", record("", "CNAME", "example.net")), "not permitted at apex"),
    case("ChangeResourceRecordSets", "of a CNAME next to another record", "InvalidChangeBatch", TYPES,
        lambda s, c: change(c, records(s), "UPSERT", record("a", "CNAME", "example.net"))),
    case("ChangeResourceRecordSets", "of another record next to a CNAME", "InvalidChangeBatch", TYPES,
        lambda s, c: change(c, records(s), "UPSERT", a("cname", "192.0.2.1"))),
    case("ChangeResourceRecordSets", "of a CNAME with two values", "InvalidChangeBatch", TYPES,
        lambda s, c: change(c, zone(s), "UPSERT", record("two", "CNAME", "a.example", "b.example"))),
    case("ChangeResourceRecordSets", "of an A record with an invalid IPv4 address", "InvalidChangeBatch", TYPES,
        lambda s, c: change(c, zone(s), "UPSERT", a("b", "192.0.2.256")), "IPv4"),
    case("ChangeResourceRecordSets", "of a TXT record without quotation marks", "InvalidChangeBatch", TYPES,
        lambda s, c: change(c, zone(s), "UPSERT", record("t", "TXT", "hello")), "quotation marks"),
    case("ChangeResourceRecordSets", "of a record with a value twice", "InvalidChangeBatch", TYPES,
        lambda s, c: change(c, zone(s), "UPSERT", record("t", "A", "192.0.2.1", "192.0.2.1"))),
    case("ChangeResourceRecordSets", "of a record with a label of more than 63 characters", "InvalidChangeBatch", NAMES,
        lambda s, c: change(c, zone(s), "UPSERT", a("x" * 64, "192.0.2.1"))),
    case("ChangeResourceRecordSets", "of a record without values", "InvalidInput", parameter("ChangeBatch"),
        lambda s, c: change(c, zone(s), "UPSERT", {"Name": "n.refused.example", "Type": "A", "TTL": 60}), "found none"),
    case("ChangeResourceRecordSets", "of a record with values and an alias", "InvalidInput", parameter("ChangeBatch"),
        lambda s, c: change(c, zone(s), "UPSERT", {
            **a("n", "192.0.2.1"), "AliasTarget": alias("n", "x", zone(s))["AliasTarget"]}), "found more than one"),
    case("ChangeResourceRecordSets", "of an alias to a load balancer in the wrong zone", "InvalidChangeBatch", ALIASES,
        lambda s, c: change(c, zone(s), "UPSERT", alias("lb", host(s)[0], "Z00000000000000")),
        "does not lie within the target zone"),
    case("ChangeResourceRecordSets", "of an alias to an unknown load balancer", "InvalidChangeBatch", ALIASES,
        lambda s, c: change(c, zone(s), "UPSERT", alias(
            "lb", f"nothing-1.{REGION}.elb.amazonaws.com", host(s)[1])), "that target was not found"),
    case("ChangeResourceRecordSets", "of a zone that is Cloud Map's", "AccessDenied",
        "https://docs.aws.amazon.com/cloud-map/latest/dg/working-with-namespaces.html",
        lambda s, c: change(c, namespace_zone(s), "UPSERT", {**a("a", "192.0.2.1"), "Name": "a.refused.internal"})),
)  # fmt: skip
