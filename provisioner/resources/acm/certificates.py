"""Certificate Manager: certificates that AWS issues once DNS records prove the ownership of the domain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.permissions import ASKED, HERE, OURS, OWN, UNSHOWN_TAGS, Use, grants, retagging, untagging
from provisioner.aws.tagging import observed, tags_of
from provisioner.engine.clock import since
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.acm.api import API, read_tags
from provisioner.resources.phrases import because, named

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
        return cls._live(aws, _described(aws, id), read_tags(aws, id))

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
