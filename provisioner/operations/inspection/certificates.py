"""Read the condition of certificates: their status, their end, and why one was not renewed. Makes only read calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.operations.inspection.verdicts import EXPIRES_DAYS

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record

DAY = 86400
"""The seconds of a day."""


def conditions(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Return the condition of the stack's own certificates and of its listeners' certificates."""
    made = [one for one in records.values() if one.type == "certificate" and one.id]
    own = {str(one.id): one.address.partition("/")[2] for one in made}
    listed = [one for one in records.values() if one.type in ("listener", "listener_certificate")]
    used = [str(arn) for one in listed if (arn := one.arguments.get("certificate_arn"))]
    arns = list(dict.fromkeys([*own, *used]))
    found = []
    for arn, one in zip(arns, aws.each(lambda arn: _condition(aws, arn), arns), strict=True):
        domain = one.pop("domain")
        name = own.get(arn) or domain or arn
        found.append({"name": name, **one, "problem": _expiry(one, aws.pace.time(), mine=arn in own)})
    return found


def _expiry(certificate: Mapping[str, Any], now: float, *, mine: bool = True) -> str:
    """Return the problem of a certificate. `PENDING_VALIDATION` is no problem: the certificate is not in use yet.

    Args:
        mine: whether it is the stack's own, and not one of `dns.certificate`.
    """
    status, ends = certificate["status"], certificate["expires"]
    if status not in ("ISSUED", "PENDING_VALIDATION"):
        return str(status)
    if ends is None or ends - now > EXPIRES_DAYS * DAY:
        return ""
    if not mine and not certificate["renewal"]:
        return "nobody has renewed it: import a new one under the same ARN, or let ACM find its validation records"
    renewal = f"its renewal is {certificate['renewal']}" if certificate["renewal"] else "ACM has not renewed it"
    return f"{renewal}: see that its validation records are there and that a listener uses it"


def _condition(aws: Aws, arn: str) -> dict[str, Any]:
    """Return a certificate's status, end (seconds since the epoch; None before it is issued), renewal and domain."""
    from provisioner.aws.errors import IgnoreNotFound

    with IgnoreNotFound():
        # without the module of ACM's types, which brings Route 53's and EC2's
        shown = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        ends = shown.get("NotAfter")
        return {
            "status": str(shown.get("Status", "")),
            "expires": ends.timestamp() if ends else None,
            "renewal": str(shown.get("RenewalSummary", {}).get("RenewalStatus", "")),
            "domain": str(shown.get("DomainName", "")),
        }
    return {"status": "MISSING", "expires": None, "renewal": "", "domain": ""}
