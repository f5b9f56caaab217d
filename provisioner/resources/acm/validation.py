"""Certificate Manager: the DNS records that prove the ownership of a domain."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import NO_CONNECTION, denied
from provisioner.engine.declaration import unknown
from provisioner.engine.resource import Change, Observed
from provisioner.resources.acm.certificates import ALIVE, KEY_TYPES, MOST_NAMES, Certificate, proven
from provisioner.resources.route53.pages import normal_name
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.route53.zones import is_ours


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
