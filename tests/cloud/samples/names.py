"""Samples of the resource types by which resources are found: zones, records, certificates, Cloud Map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.engine.declaration import Handle, ready
from provisioner.engine.resource import Resource
from provisioner.resources.acm.certificates import Certificate
from provisioner.resources.acm.validation import ValidationRecord
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.route53.zones import HostedZone
from provisioner.resources.servicediscovery import DiscoveryService, PrivateDnsNamespace
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

DOMAIN = "sample.example.com"
NOT_AWS = "it is not AWS's: it says why a name is the stack's: tests/cloud/commands/test_existing_listener.py"
HOST = f"www.{DOMAIN}"


def _record(hand: ByHand, name: str, type: str, **says: Any) -> None:
    change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, "Type": type, **says}}
    hand("route53").change_resource_record_sets(HostedZoneId=hand[HostedZone], ChangeBatch={"Changes": [change]})


def _values(*values: str) -> list[dict[str, str]]:
    return [{"Value": value} for value in values]


def _alias(hand: ByHand) -> None:
    target = {"HostedZoneId": hand[HostedZone], "DNSName": f"other.{DOMAIN}", "EvaluateTargetHealth": False}
    _record(hand, HOST, "A", AliasTarget=target)


def _untagged(hand: ByHand) -> None:
    hand("route53").change_tags_for_resource(ResourceType="hostedzone", ResourceId=hand.id, RemoveTagKeys=["ManagedBy"])


def _no_proof(hand: ByHand) -> None:
    name = hand.id.split("|")[1]
    _record(hand, name, "CNAME", TTL=300, ResourceRecords=_values("elsewhere.acm-validations.aws"))


def _zones(here: Here) -> Handle:
    here.ensure(HostedZone("private", "db.internal", vpc_id=here[Vpc].id))
    return here.ensure(HostedZone(NAME, DOMAIN))


def _records(here: Here) -> Handle:
    zone = here[HostedZone].id
    here.ensure(RecordSet("other", zone, f"other.{DOMAIN}", "A", 60, ["192.0.2.7"]))
    here.ensure(RecordSet("all", zone, f"*.{DOMAIN}", "CNAME", 60, [f"other.{DOMAIN}"]))
    return here.ensure(RecordSet(NAME, zone, HOST, "A", 60, ["192.0.2.1", "192.0.2.2"]))


def _proof(here: Here) -> Handle:
    certificate = here[Certificate]
    name, value = certificate.validation_name_0, certificate.validation_value_0
    return here.ensure(ValidationRecord(NAME, here[HostedZone].id, name, "CNAME", resource_records=[value]))


def certificate(here: Here) -> Handle:
    """A certificate that is issued, since the record that proves its domain is declared as well."""
    _ = here[ValidationRecord]
    return ready(here[Certificate])


def _dns(ttl: int) -> Mapping[str, Any]:
    return {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": ttl}]}


def _slower(hand: ByHand) -> None:
    records: Sequence[Any] = _dns(77)["DnsRecords"]
    hand("servicediscovery").update_service(Id=hand.id, Service={"DnsConfig": {"DnsRecords": records}})


def _described(hand: ByHand) -> None:
    hand("servicediscovery").update_private_dns_namespace(Id=hand.id, Namespace={"Description": "Theirs"})


NAMES: Mapping[type[Resource], Sample] = {
    HostedZone: Sample(_zones, {"untagged": _untagged}, problems=("untagged",)),
    RecordSet: Sample(
        _records,
        {
            "ttl": lambda hand: _record(hand, HOST, "A", TTL=5, ResourceRecords=_values("192.0.2.1", "192.0.2.2")),
            "resource_records": lambda hand: _record(hand, HOST, "A", TTL=60, ResourceRecords=_values("192.0.2.9")),
            "ttl resource_records alias_target": _alias,
        },
        other={"type": "AAAA", "record_name": f"else.{DOMAIN}"},
        untried={"at_listener": NOT_AWS},
    ),
    Certificate: Sample(lambda here: here.ensure(Certificate(NAME, DOMAIN, [DOMAIN, f"*.{DOMAIN}"]))),
    ValidationRecord: Sample(
        _proof,
        {"resource_records": _no_proof},
        other={"type": "TXT"},
        untried={"alias_target": "the CNAME that proves a domain is no alias", "at_listener": NOT_AWS},
    ),
    Delegation: Sample(lambda here: here.ensure(Delegation(NAME, "example.com", here.others.zone))),
    PrivateDnsNamespace: Sample(
        lambda here: here.ensure(PrivateDnsNamespace(NAME, "svc.internal", here[Vpc].id, "Services")),
        {"description": _described},
    ),
    DiscoveryService: Sample(
        lambda here: here.ensure(
            DiscoveryService(NAME, "web", here[PrivateDnsNamespace].id, _dns(10), {"FailureThreshold": 1})
        ),
        {"dns_config": _slower},
    ),
}
