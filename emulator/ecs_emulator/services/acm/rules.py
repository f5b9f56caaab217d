"""Certificates: validation records appear late, issue follows once they resolve, and a used one cannot be deleted."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle, acm_backends
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.responses import ActionResult
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.domains import is_delegated
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.sent_members import change_members
from ecs_emulator.services.elbv2.certificates import certificate_users

_DOMAIN = re.compile(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")


def validation_record(account: str, domain: str) -> dict[str, str]:
    """Return the CNAME that proves a domain: the same for all certificates of an account, for `x` and for `*.x`."""
    base = domain.removeprefix("*.")
    token = hashlib.sha256(f"{account}/{base}".encode()).hexdigest()
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in token[48:58])
    return {
        "Name": f"_{token[:32]}.{base}.",
        "Type": "CNAME",
        "Value": f"_{token[16:48]}.{letters}.acm-validations.aws.",
    }


@wrap(AWSCertificateManagerResponse, "request_certificate")
def request_certificate(original: Any, self: Any) -> ActionResult:
    """RequestCertificate: return the same certificate for an hour if IdempotencyToken and names are the same."""
    acm, domain = self.acm_backend, self._get_param("DomainName")
    names = list(dict.fromkeys([domain, *(self._get_param("SubjectAlternativeNames") or [])]))
    for name in names:
        if not _DOMAIN.fullmatch(name or ""):
            refuse(
                "ValidationException",
                f"1 validation error detected: Value '{name}' at 'domainName' failed to satisfy constraint: Member "
                f"must satisfy regular expression pattern: ^{_DOMAIN.pattern}$",
            )
    check_tags(self._get_param("Tags"))
    for option in self._get_param("DomainValidationOptions") or []:
        _check_validation_domain(option["DomainName"], option["ValidationDomain"])
    token = self._get_param("IdempotencyToken")
    former = acm._certificates.get(acm._get_arn_from_idempotency_token(token)) if token else None
    if former is not None and former.names == names:
        return ActionResult({"CertificateArn": former.arn})
    if token:
        acm._idempotency_tokens.pop(token, None)
    answer: ActionResult = original(self)
    bundle = acm._certificates[answer.result["CertificateArn"]]  # type: ignore[index]
    bundle.names = names
    bundle.account_id = acm.account_id
    bundle.validation_method = self._get_param("ValidationMethod") or "EMAIL"
    bundle.key_algorithm = self._get_param("KeyAlgorithm") or "RSA_2048"
    bundle.details_at = later(durations.CERTIFICATE_DETAILS)
    bundle.records_at = later(durations.CERTIFICATE_RECORDS)
    return answer


def check_tags(tags: Any) -> None:
    """Refuse tag keys that begin with `aws:` (API reference, AddTagsToCertificate, InvalidTagException)."""
    for tag in tags or []:
        if tag["Key"].lower().startswith("aws:"):
            refuse("InvalidTagException", f"Tag keys that begin with aws: are reserved: {tag['Key']}")


def _check_validation_domain(domain: str, above: str) -> None:
    """Refuse a validation domain that is neither the name nor above it (API reference, DomainValidationOption)."""
    if domain != above and not domain.endswith(f".{above}"):
        refuse(
            "InvalidDomainValidationOptionsException",
            f"The validation domain {above} is not a superdomain of {domain}",
        )


@wrap(AWSCertificateManagerResponse, "add_tags_to_certificate")
def add_tags_to_certificate(original: Any, self: Any) -> Any:
    """AddTagsToCertificate: refuse keys that begin with `aws:`."""
    check_tags(self._get_param("Tags"))
    return original(self)


@replace(CertBundle, "check")
def check(self: Any) -> None:
    """Issue the certificate some time after every validation CNAME resolves on the internet, and never without."""
    if self.type != "AMAZON_ISSUED" or self.status != "PENDING_VALIDATION":
        return
    if self.validation_method != "DNS" or not all(_resolves(self, name) for name in self.names):
        self.seen_at = None
        return
    if getattr(self, "seen_at", None) is None:
        self.seen_at = later(durations.CERTIFICATE_ISSUED)
    if passed(self.seen_at):
        self.status = "ISSUED"
        self.usable_at = later(durations.CERTIFICATE_USABLE)


def settle() -> None:
    """Check the validation records of all certificates without a call, as ACM does on AWS."""
    for by_region in acm_backends.values():
        for backend in by_region.values():
            for bundle in backend._certificates.values():
                bundle.check()


@wrap(AWSCertificateManagerBackend, "list_certificates")
def list_certificates(original: Any, self: Any, statuses: Any, includes: Any) -> Any:
    """ListCertificates: return only RSA keys up to 2048 bits unless the call names types (API reference, Filters)."""
    return original(self, statuses, {"keyTypes": ["RSA_1024", "RSA_2048"], **(includes or {})})


def _resolves(bundle: Any, domain: str) -> bool:
    record = validation_record(bundle.account_id, domain)
    wanted = record["Value"].rstrip(".")
    for zone in route53_backends[bundle.account_id]["aws"].zones.values():
        if zone.private_zone or not is_delegated(zone.name):
            continue
        for found in zone.rrsets:
            values = [value.rstrip(".") for value in found.records or []]
            if found.type == "CNAME" and found.name.lower() == record["Name"].lower() and wanted in values:
                return True
    return False


def users(acm: Any, bundle: Any) -> list[str]:
    """Return the ARNs of the load balancers that use a certificate now."""
    return certificate_users(elbv2_backends[acm.account_id][acm.region_name], bundle.arn)


@wrap(CertBundle, "describe")
def describe(original: Any, self: Any) -> dict[str, Any]:
    """DescribeCertificate: show the names late, ResourceRecord later, and dates and serial number only once issued."""
    answer: dict[str, Any] = original(self)
    if self.type != "AMAZON_ISSUED":
        return answer
    shown = answer["Certificate"]
    shown["SubjectAlternativeNames"] = self.names
    shown["KeyAlgorithm"] = self.key_algorithm
    shown["DomainValidationOptions"] = [_option(self, name) for name in self.names]
    if self.status == "PENDING_VALIDATION":
        for late in ("IssuedAt", "NotBefore", "NotAfter", "Serial", "Issuer"):
            shown.pop(late, None)
    if not passed(self.details_at):
        for late in ("DomainName", "SubjectAlternativeNames", "DomainValidationOptions"):
            shown.pop(late, None)
    return answer


def _option(bundle: Any, name: str) -> dict[str, Any]:
    option: dict[str, Any] = {
        "DomainName": name,
        "ValidationDomain": name,
        "ValidationMethod": bundle.validation_method,
        "ValidationStatus": "SUCCESS" if bundle.status == "ISSUED" else bundle.status,
    }
    if bundle.validation_method == "DNS" and passed(bundle.records_at):
        option["ResourceRecord"] = validation_record(bundle.account_id, name)
    return option


@wrap(AWSCertificateManagerResponse, "list_certificates")
def list_certificate_summaries(original: Any, self: Any) -> ActionResult:
    """ListCertificates: show each certificate's first 100 names, and whether it has more."""
    answer: ActionResult = original(self)
    for summary in answer.result["CertificateSummaryList"]:  # type: ignore[index]
        names = summary.get("SubjectAlternativeNames", [])
        summary["SubjectAlternativeNameSummaries"] = names[:100]
        summary["HasAdditionalSubjectAlternativeNames"] = len(names) > 100
    return answer


@wrap(AWSCertificateManagerBackend, "get_certificate")
def get_certificate(original: Any, self: Any, arn: str) -> Any:
    """Look up a certificate for any operation, with the load balancers that use it now."""
    bundle = original(self, arn)
    bundle.in_use_by = users(self, bundle)
    return bundle


@wrap(AWSCertificateManagerBackend, "delete_certificate")
def delete_certificate(original: Any, self: Any, arn: str) -> None:
    """DeleteCertificate: refuse while a listener uses the certificate, and for some moments after."""
    bundle = self.get_certificate(arn)
    if bundle.in_use_by or not passed(getattr(bundle, "free_at", 0)):
        refuse("ResourceInUseException", f"Certificate {arn} in account {self.account_id} is in use.")
    original(self, arn)


@wrap(AWSCertificateManagerResponse, "get_certificate")
def get_issued_certificate(original: Any, self: Any) -> ActionResult:
    """GetCertificate: refuse while the certificate is pending."""
    bundle = self.acm_backend.get_certificate(self._get_param("CertificateArn"))
    if bundle.status == "PENDING_VALIDATION":
        refuse("RequestInProgressException", "The certificate request is in progress.")
    answer: ActionResult = original(self)
    return answer


# -- members -----------------------------------------------------------------------------------------------------------


def _hyphened(algorithm: str) -> str:
    return algorithm.replace("RSA_", "RSA-")


def _pairs(number: int) -> str:
    return number.to_bytes((number.bit_length() + 7) // 8, "big").hex(":")


# DescribeCertificate and ListCertificates: the key's algorithm with a hyphen, the serial number in hexadecimal pairs
change_members(
    AWSCertificateManagerResponse,
    {
        "Certificate.KeyAlgorithm": _hyphened,
        "CertificateSummary.KeyAlgorithm": _hyphened,
        "Certificate.Serial": lambda serial: _pairs(int(serial)) if serial else None,
    },
)
