"""Certificate Manager: certificates that AWS issues once DNS records prove the ownership of the domain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws import durations
from provisioner.aws.api import Api, Clients, Limit, TagCalls, Tags
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import NO_CONNECTION, IgnoreNotFound, denied
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, HERE, OURS, OWN, UNSHOWN_TAGS, Use, grants, retagging, untagging
from provisioner.aws.tagging import observed, tag_map, tags_of
from provisioner.engine.clock import since
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import Failed
from provisioner.engine.ports import Row
from provisioner.engine.resource import Change, Observed, Resource
from provisioner.resources.phrases import because, named
from provisioner.resources.route53.pages import normal_name
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.route53.zones import is_ours

_RATES = "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html#api-rate-limits"


def _read_tags(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"])


API = Api(
    "acm",
    "ACM",
    tags=TagCalls(
        "id",
        _read_tags,
        lambda aws, arn, tags: aws.client("acm").add_tags_to_certificate(CertificateArn=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("acm").remove_tags_from_certificate(
            CertificateArn=arn, Tags=[{"Key": key} for key in keys]
        ),
    ),
    transient=(
        Row("in_use", "ResourceInUseException|ConflictException", "", 1200, "it is still in use by a deleted listener",
            "terraform-provider-aws#3866"),
    ),
    rates=(
        Limit("each", 5, 5, _RATES, ("AddTagsToCertificate", "RequestCertificate")),
        Limit("each", 8, 8, _RATES, ("ListCertificates",)),
        Limit("each", 10, 10, _RATES, ("DeleteCertificate", "DescribeCertificate", "ListTagsForCertificate")),
    ),
)  # fmt: skip

MOST_NAMES = 10
"""Names in one certificate (ACM's default quota)."""
ALIVE = ("PENDING_VALIDATION", "ISSUED")
KEY_TYPES = ("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")
"""All key types: without them ListCertificates leaves out keys other than RSA_1024 and RSA_2048 (ACM API reference)."""


def proven(names: Iterable[str]) -> list[str]:
    """Return the domains that need a validation record, in order: `x` and `*.x` share one."""
    return sorted({name.removeprefix("*.") for name in names})


_NAMES_IN_IT = (("ForAllValues:StringEquals", "acm:DomainNames", ("{certified}",)),)
"""The names in the stack's certificates, and no others (ACM user guide, acm-conditions)."""


@dataclass(frozen=True)
class Certificate(Resource):
    """A public certificate, validated by DNS.

    `subject_alternative_names` holds all names, `domain_name` among them, as AWS shows them. The outputs
    `validation_name_0`, `validation_value_0` and so on are the CNAMEs to create, in the order of `proven`; ACM shows
    them some seconds after the request.
    """

    domain_name: str
    subject_alternative_names: Sequence[str]

    type_name = "certificate"
    api = API
    takes = Takes(
        ready=(durations.CERTIFICATE_RECORDS, durations.CERTIFICATE_ISSUED),
        output=(durations.CERTIFICATE_RECORDS,),
        known=(durations.CERTIFICATE_USABLE,),
        gone=(durations.CERTIFICATE_FREE,),
    )
    arn = "certificate/*"
    permissions = (
        *grants("acm", "ListCertificates"),
        *grants("acm", "DescribeCertificate", OWN),
        *grants("acm", "ListTagsForCertificate", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("acm", "RequestCertificate", conditions=(*ASKED, *HERE, *_NAMES_IN_IT)),
        *retagging("acm", "AddTagsToCertificate", OWN),
        *untagging("acm", "RemoveTagsFromCertificate", OWN, conditions=OURS),
        *grants("acm", "DeleteCertificate", OWN, conditions=OURS),
    )
    outputs = tuple(f"validation_{part}_{number}" for number in range(MOST_NAMES) for part in ("name", "value"))
    create_only = frozenset({"domain_name", "subject_alternative_names"})
    unordered = frozenset({"subject_alternative_names"})
    # ACM looks for the records again and again: usually minutes, sometimes half an hour
    create_timeout = 2700
    delete_timeout = 1200
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        domains = {fields["domain_name"] for fields in known}
        tagged = (
            [] if aws.include_unrecorded else [live for arn in aws.tagged("acm", cls) if (live := cls._there(aws, arn))]
        )
        if domains and domains <= {live.attributes.get("domain_name") for live in tagged}:
            yield from tagged
            return
        recorded = aws.recorded(cls)
        for summary in aws.pages("acm", "list_certificates", "CertificateSummaryList"):
            arn = summary["CertificateArn"]
            # a call for each certificate of the account would be many: read only certificates that may be the stack's
            tags = tags_of(aws, "acm", arn, known=summary.get("DomainName") in domains or arn in recorded)
            if aws.owns(tags) or arn in recorded:
                yield cls._live(aws, _described(aws, arn), tags)

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        return filter(None, (cls._there(aws, arn) for arn in ids))

    @classmethod
    def _there(cls, aws: Aws, arn: str) -> Observed | None:
        """Return a certificate of this stack's, or None if it is gone, which the tagging API may not know yet."""
        with IgnoreNotFound():
            tags = tags_of(aws, "acm", arn)
            return cls._live(aws, _described(aws, arn), tags) if aws.owns(tags) else None
        return None

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return cls._live(aws, _described(aws, id), _read_tags(aws, id))

    @staticmethod
    def _live(aws: Aws, certificate: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        # a new one shows its names some seconds after its ARN (DescribeCertificate): until then nothing is compared
        names = certificate.get("SubjectAlternativeNames", ())
        shown = {"domain_name": certificate.get("DomainName"), "subject_alternative_names": sorted(names)}
        attributes = {name: value for name, value in shown.items() if value}
        status = because(certificate.get("Status", "PENDING_VALIDATION"), certificate.get("FailureReason"))
        outputs = _validation(names, certificate.get("DomainValidationOptions", ()))
        return observed(aws, certificate["CertificateArn"], attributes, tags, outputs, status=status)

    def create(self, aws: Aws, token: str) -> Observed:
        arn = aws.client("acm").request_certificate(
            DomainName=self.domain_name,
            SubjectAlternativeNames=self.subject_alternative_names,
            ValidationMethod="DNS",
            IdempotencyToken=token,
            Tags=aws.tag_list(self.address),
        )["CertificateArn"]
        return Observed(arn, self.fields(), address=self.address, status="PENDING_VALIDATION")

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("acm").delete_certificate(CertificateArn=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "ISSUED":
            return None
        if live.status != "PENDING_VALIDATION":
            raise Failed(
                f"certificate {live.id} is {live.status} and will not be issued. Delete it (`aws acm "
                f"delete-certificate --certificate-arn {live.id} --region {live.id.split(':')[3]}`), then run again to "
                f"request another"
            )
        what = "find the validation records" if live.outputs else "publish the validation records"
        return f"waiting for ACM to {what}"

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        shown = _described(aws, live.id)
        asked = since(shown.get("CreatedAt"))
        if not shown.get("DomainValidationOptions"):
            return (
                f"{live.id} is {shown.get('Status', '')}{asked}, and ACM has not published its validation records yet"
            )
        open_ones = [o for o in shown["DomainValidationOptions"] if o.get("ValidationStatus") != "SUCCESS"]
        return "; ".join(f"{o['DomainName']} is {o.get('ValidationStatus', '')}{asked}{_record(o)}" for o in open_ones)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return named("in use by", _described(aws, live.id).get("InUseBy", ()))


def names_there(aws: Aws, domain_name: str) -> tuple[str, ...]:
    """Return the names in the stack's certificate for a domain name, by its tags; none if there is no certificate."""
    for arn in aws.tagged("acm", Certificate):
        # the tagging API may still show a deleted one
        with IgnoreNotFound():
            if (shown := _described(aws, arn)).get("DomainName") == domain_name:
                return tuple(sorted(shown.get("SubjectAlternativeNames", ())))
    return ()


def condition(aws: Aws, arn: str) -> dict[str, Any]:
    """Return a certificate's status, end (seconds since the epoch; None before it is issued), renewal and domain."""
    with IgnoreNotFound():
        shown = _described(aws, arn)
        ends = shown.get("NotAfter")
        return {
            "status": str(shown.get("Status", "")),
            "expires": ends.timestamp() if ends else None,
            "renewal": str(shown.get("RenewalSummary", {}).get("RenewalStatus", "")),
            "domain": str(shown.get("DomainName", "")),
        }
    return {"status": "MISSING", "expires": None, "renewal": "", "domain": ""}


def _record(option: Mapping[str, Any]) -> str:
    """Name the record that ACM looks for in public DNS."""
    record = option.get("ResourceRecord")
    return f": ACM does not find {record['Name']} CNAME {record['Value']}" if record else ""


def _described(aws: Aws, arn: str) -> Mapping[str, Any]:
    certificate: Mapping[str, Any] = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return certificate


def _validation(names: Sequence[str], options: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the outputs for the domains whose validation record ACM already shows."""
    records = {o["DomainName"].removeprefix("*."): o["ResourceRecord"] for o in options if "ResourceRecord" in o}
    outputs = {}
    for number, domain in enumerate(proven(names)):
        if domain in records:
            outputs[f"validation_name_{number}"] = records[domain]["Name"]
            outputs[f"validation_value_{number}"] = records[domain]["Value"]
    return outputs


@dataclass(frozen=True)
class ValidationRecord(RecordSet):
    """The CNAME that proves a domain to ACM, for all of the account's certificates of this domain.

    An existing one is used as it is. It stays if another owner's certificate needs it for its renewal.
    """

    ttl: int | None = 300

    type_name = "validation_record"
    has_tags = False
    ignore_changes = frozenset({"ttl"})
    foreign = "does not prove a name of a certificate that this stack has, in a zone that is not this stack's"

    @classmethod
    def _targets(cls, aws: Aws) -> Collection[Any]:
        """Return names and values of the records that this stack's certificates need.

        A name of the stack's domain proves nothing: each account has its own records for one (ACM user guide,
        dns-validation).
        """
        return {pair for mine in aws.live(Certificate) if mine.owned for pair in _asked(mine)}

    @classmethod
    def _leads_to_any(cls, live: Observed, targets: Collection[Any]) -> bool:
        says = [(live.attributes["record_name"], normal_name(value)) for value in live.attributes["resource_records"]]
        return live.attributes["type"] == "CNAME" and bool(says) and all(one in targets for one in says)

    def differences(self, live: Observed) -> dict[str, Change]:
        # a domain has the same CNAME for all certificates of the account (ACM user guide, dns-validation), so a
        # certificate that is to be replaced does not change it
        same = {"record_name", "resource_records"}
        found = super().differences(live).items()
        return {name: change for name, change in found if name not in same or not unknown(change.new)}

    @classmethod
    def shared(cls, aws: Aws, live: Observed) -> bool:
        domain = live.attributes["record_name"].partition(".")[2]
        if _needed(aws, aws.region, domain):
            return True
        # the certificates of all Regions, CloudFront's among them, have the same records
        try:
            shown = aws.client("ec2").describe_regions()["Regions"]
            regions = [region["RegionName"] for region in shown if region["RegionName"] != aws.region]
            return any(aws.each(lambda region: _needed(aws, region, domain), regions))
        except (ClientError, *NO_CONNECTION) as error:
            if isinstance(error, ClientError) and not denied(error):
                raise
            # an organization may deny Regions, and a network may reach only some: without an answer the record stays,
            # unless its zone is deleted as well
            return not is_ours(aws, live.attributes["hosted_zone_id"])


def _asked(certificate: Observed) -> Iterator[tuple[str, str]]:
    """Yield name and value of each record that a certificate needs."""
    for number in range(MOST_NAMES):
        if name := certificate.outputs.get(f"validation_name_{number}"):
            yield normal_name(name), normal_name(certificate.outputs[f"validation_value_{number}"])


def _needed(aws: Aws, region: str, domain: str) -> bool:
    """Return whether another owner's certificate needs the record that proves a domain.

    Raises:
        ClientError: AWS did not answer.
    """
    ours = {certificate.id for certificate in aws.live(Certificate) if certificate.owned}
    listing = aws.client("acm", region).get_paginator("list_certificates")
    for page in listing.paginate(CertificateStatuses=ALIVE, Includes={"keyTypes": KEY_TYPES}):
        for summary in page["CertificateSummaryList"]:
            names = {summary.get("DomainName", ""), *summary.get("SubjectAlternativeNameSummaries", ())}
            if summary["CertificateArn"] not in ours and domain in proven(names):
                return True
    return False
