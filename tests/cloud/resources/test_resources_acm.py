"""ACM's types: a certificate that is issued once its records are there, and records that others may need as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import EndpointConnectionError
from botocore.httpsession import URLLib3Session

from provisioner.engine.errors import Failed
from provisioner.engine.resource import Observed
from provisioner.resources.acm.certificates import Certificate, proven
from provisioner.resources.acm.validation import ValidationRecord
from provisioner.resources.route53.zones import HostedZone
from provisioner.state.local import LocalStore
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.cloud import world
from tests.cloud.resources.test_resources_route53 import records, zone_of
from tests.cloud.rig import Rig
from tests.cloud.rules_rig import change

pytestmark = world.FILE

NAMES = ["app.example.com", "*.app.example.com", "*.example.com"]


def declared(zone: str, *names: str) -> Any:
    def declare(stack: Stack) -> None:
        wanted = names or NAMES
        certificate = stack.ensure(Certificate("main", wanted[0], wanted))
        for number, domain in enumerate(proven(wanted)):
            name = getattr(certificate, f"validation_name_{number}")
            value = getattr(certificate, f"validation_value_{number}")
            stack.ensure(ValidationRecord(domain, zone, name, "CNAME", resource_records=[value]))

    return declare


def test_a_lost_record_is_created_again(rig: Rig) -> None:
    zone = zone_of(rig)
    rig.up(declared(zone)).ok()
    changes = [{"Action": "DELETE", "ResourceRecordSet": record} for record in records(rig, zone)[:1]]
    rig.cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    assert [(item.address.split("/")[0], item.action) for item in rig.plan(declared(zone))] == [
        ("validation_record", "create")
    ]
    rig.up(declared(zone)).ok()
    assert rig.plan(declared(zone)) == []


def _theirs(rig: Rig, region: str, domain: str, key: str = "RSA_2048") -> dict[str, Any]:
    """Request somebody else's certificate, and return the record that it needs."""
    acm = rig.cloud.client("acm", region)
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS", KeyAlgorithm=key)["CertificateArn"]

    def record() -> Any:
        shown = acm.describe_certificate(CertificateArn=arn)["Certificate"]
        return shown.get("DomainValidationOptions", [{}])[0].get("ResourceRecord")

    found: dict[str, Any] = rig.cloud.wait(record, "the validation record")
    return found


@pytest.mark.parametrize(
    ("region", "key"),
    [
        ("ap-northeast-1", "RSA_2048"),
        ("us-east-1", "RSA_2048"),
        ("eu-central-1", "RSA_2048"),
        ("ap-northeast-1", "EC_prime256v1"),
    ],
)
def test_a_record_that_another_certificate_needs_stays(rig: Rig, region: str, key: str) -> None:
    zone = zone_of(rig)
    needed = _theirs(rig, region, "example.com", key)
    record = {"Name": needed["Name"], "Type": "CNAME", "TTL": 86400, "ResourceRecords": [{"Value": needed["Value"]}]}
    rig.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    before = records(rig, zone)
    assert rig.up(declared(zone)).ok().writes == ["RequestCertificate", "ChangeResourceRecordSets"]
    assert rig.up(declared(zone)).ok().writes == []
    down = rig.down().ok()
    assert (down.summary.counts, down.summary.leftovers) == ({"deleted": 2, "retained": 1}, [])
    assert records(rig, zone) == before


def _issued_to_others(rig: Rig, zone: str, **tags: str) -> tuple[Record, Record]:
    """Issue a certificate of another team by a record in the zone; return records of a state that claims both."""
    acm, domain = rig.cloud.client("acm"), "billing.example.com"
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()] or [{"Key": "Team", "Value": "billing"}]
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS", Tags=pairs)["CertificateArn"]

    def shown() -> Any:
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    rig.cloud.wait(lambda: shown().get("DomainValidationOptions", [{}])[0].get("ResourceRecord"), "the record to make")
    asked = shown()["DomainValidationOptions"][0]["ResourceRecord"]
    record = {"Name": asked["Name"], "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": asked["Value"]}]}
    change(rig.cloud, zone, "CREATE", record)
    rig.cloud.wait(lambda: shown()["Status"] == "ISSUED", "their certificate")
    certificate = Certificate("billing", domain, [domain])
    proof = ValidationRecord("billing", zone, asked["Name"], "CNAME", resource_records=[asked["Value"]])
    outputs = {"validation_name_0": asked["Name"], "validation_value_0": asked["Value"]}
    return (
        Record(certificate.address, certificate.type_name, "ready", "", arn, certificate.fields(), outputs),
        Record(proof.address, proof.type_name, "ready", "", f"{zone}|{proof.record_name}|CNAME", proof.fields()),
    )


@pytest.mark.parametrize("phase", ["ready", "deleting"])
@pytest.mark.parametrize("declared_too", [False, True], ids=["nothing is declared", "a certificate is declared"])
def test_a_foreign_certificate_in_a_state_gives_away_no_record(rig: Rig, phase: Any, *, declared_too: bool) -> None:
    """It could not be renewed any more."""
    zone = zone_of(rig)
    wanted = declared(zone, "app.example.com") if declared_too else (lambda stack: None)
    rig.up(wanted).ok()
    claims = _issued_to_others(rig, zone)
    before = records(rig, zone)
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        for record in claims:
            store.put(replace(record, phase=phase))
    assert rig.up(wanted).summary.exit_code == 1
    assert records(rig, zone) == before
    down = rig.down()
    assert "does not prove a name of a certificate that this stack has" in str(
        down.failures()["validation_record/billing"]
    )
    assert [one["Name"] for one in records(rig, zone)] == [claims[1].arguments["record_name"] + "."]


def test_a_shared_record_stays_whatever_the_state_claims(rig: Rig) -> None:
    zone = zone_of(rig)
    rig.up(declared(zone, "billing.example.com")).ok()
    before = records(rig, zone)
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        acm = rig.cloud.client("acm")
        arn = acm.request_certificate(DomainName="billing.example.com", ValidationMethod="DNS")["CertificateArn"]
        theirs = store.records["certificate/main"]
        store.put(replace(theirs, address="certificate/theirs", id=arn))
    rig.cloud.advance(60)
    rig.down()
    assert records(rig, zone) == before


def _denied(rig: Rig) -> None:
    rig.cloud.control("POST", "faults", "scenarios=region-policy")


def test_a_foreign_zones_record_stays_if_us_east_1_is_denied(rig: Rig) -> None:
    zone = zone_of(rig)
    rig.up(declared(zone, "app.example.com")).ok()
    _denied(rig)
    down = rig.down().ok()
    assert (down.summary.counts, down.summary.leftovers) == ({"deleted": 1, "retained": 1}, [])
    assert len(records(rig, zone)) == 1


def test_a_foreign_zones_record_stays_if_a_region_is_unreachable(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    zone, send = zone_of(rig), URLLib3Session.send
    rig.up(declared(zone, "app.example.com")).ok()

    def behind_a_firewall(self: URLLib3Session, request: AWSPreparedRequest) -> Any:
        if b"/us-east-1/acm/" in request.headers["Authorization"]:
            raise EndpointConnectionError(endpoint_url=request.url)
        return send(self, request)

    monkeypatch.setattr(URLLib3Session, "send", behind_a_firewall)
    down = rig.down().ok()
    assert (down.summary.counts, down.summary.leftovers) == ({"deleted": 1, "retained": 1}, [])
    assert len(records(rig, zone)) == 1


def test_where_us_east_1_is_denied_a_record_goes_with_its_zone(rig: Rig) -> None:
    def declare(stack: Stack) -> None:
        zone = stack.ensure(HostedZone("public", "made.example.com"))
        certificate = stack.ensure(Certificate("main", "made.example.com", ["made.example.com"]))
        name, value = certificate.validation_name_0, certificate.validation_value_0
        stack.ensure(ValidationRecord("created", zone.id, name, "CNAME", resource_records=[value]))

    rig.up(declare).ok()
    _denied(rig)
    down = rig.down().ok()
    assert (down.summary.counts, down.summary.leftovers) == ({"deleted": 3}, [])


def test_a_fresh_certificate_without_its_names_is_waited_for(rig: Rig) -> None:
    acm = rig.cloud.client("acm")
    arn = acm.request_certificate(DomainName="app.example.com", ValidationMethod="DNS")["CertificateArn"]
    shown = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    live = Certificate._live(rig.aws(), {"CertificateArn": arn, "Status": shown["Status"]}, {})
    assert (live.attributes, Certificate.pending(live)) == (
        {},
        "waiting for ACM to publish the validation records",
    )


def test_found_again_without_the_state(rig: Rig) -> None:
    zone = zone_of(rig)
    rig.up(declared(zone)).ok()
    rig.directory = rig.directory.with_name("other")
    assert rig.up(declared(zone)).ok().writes == []
    assert rig.down().ok().summary.counts == {"deleted": 3}


def test_a_foreign_certificate_of_the_same_name_is_ignored(rig: Rig) -> None:
    _theirs(rig, "ap-northeast-1", "app.example.com")
    zone = zone_of(rig)
    rig.up(declared(zone)).ok()
    rig.down().ok()
    (left,) = rig.cloud.client("acm").list_certificates()["CertificateSummaryList"]
    assert left["DomainName"] == "app.example.com"
    # both needed the same record
    assert [record["Name"].partition(".")[2] for record in records(rig, zone)] == ["app.example.com."]


@pytest.mark.parametrize("status", ["VALIDATION_TIMED_OUT", "FAILED: CAA_ERROR"])
def test_a_certificate_that_cannot_be_issued_any_more_says_so(status: str) -> None:
    with pytest.raises(Failed, match=status):
        Certificate.pending(Observed("arn:aws:acm:x", {}, status=status))


def test_a_certificate_without_its_tags_is_not_requested_twice(rig: Rig) -> None:
    declare = declared(zone_of(rig), "app.example.com")
    rig.up(declare).ok()
    acm, arn = rig.cloud.client("acm"), rig.state().records["certificate/main"].id
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "Environment", "Value": "development"}])
    assert f"{arn} is recorded as certificate/main, but does not have" in rig.up(declare).refused()["certificate/main"]
    assert "belong to another stack (project ecs-sample, environment development)" in str(rig.down().summary.error)
    assert len(acm.list_certificates()["CertificateSummaryList"]) == 1
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "Environment", "Value": "dev"}])
    assert rig.down().ok().summary.leftovers == []
