"""Check the existing certificates that `dns.certificate` names. They are never created, changed, tagged or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.config.host_names import covered
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import count, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

DAY = 86400
NEAR_DAYS = 30
"""The days before the end of a certificate in which a notice names it. ACM renews its own 60 days before their end (ACM
user guide, "Managed certificate renewal")."""


def check(aws: Aws, config: Config, records: Iterable[Record] = ()) -> list[Mapping[str, Any]]:
    """Return the answers of ACM about the existing certificates; without any no call is made.

    Args:
        records: the state's records, to recognize certificates that are the stack's own.

    Raises:
        ConfigurationError: a certificate is missing, not issued, of another account or the stack's own, or no
            certificate covers a public name.
    """
    if not config.https:
        return []
    own = {record.id for record in records if record.type == "certificate"}
    for arn in config.dns.certificate:
        key = f'dns.certificate is "{arn}"'
        if arn in own:
            raise ConfigurationError(f"{key}, which this stack has made and would delete: remove it from the file")
        if (account := arn.split(":")[4]) != aws.account:
            raise ConfigurationError(
                f"{key}, which is of account {account}, and load balancers of {aws.account} cannot use it: import or "
                f"request it in {aws.account}"
            )
    shown = aws.each(lambda arn: _issued(aws, arn), config.dns.certificate)
    if shown:
        certified = sorted({name for one in shown for name in one.get("SubjectAlternativeNames", ())})
        if missing := [name for name in config.names if not covered(name, certified)]:
            raise ConfigurationError(
                f"dns.certificate is for {names(certified)}, and not for {names(missing)}: add a certificate that "
                "covers it, or remove dns.certificate"
            )
    return shown


def _issued(aws: Aws, arn: str) -> Mapping[str, Any]:
    key = f'dns.certificate is "{arn}"'
    try:
        shown: Mapping[str, Any] = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise ConfigurationError(
            f"{key}, but there is no such certificate in {aws.region}: request it first, or use another"
        ) from None
    if (status := shown.get("Status")) != "ISSUED":
        raise ConfigurationError(f"{key}, but that certificate is {status}: use an ISSUED one")
    return shown


def notices(shown: Sequence[Mapping[str, Any]], now: float) -> list[str]:
    """Return a notice on each certificate whose end is near, with its day.

    Args:
        shown: the answers of DescribeCertificate.
        now: the time in seconds since the epoch.
    """
    found = []
    for one in shown:
        left = int((one["NotAfter"].timestamp() - now) // DAY) if "NotAfter" in one else NEAR_DAYS
        if left >= NEAR_DAYS:
            continue
        fix = "import a new one under the same ARN" if one.get("Type") == "IMPORTED" else _renewal(one)
        found.append(
            f"{one['CertificateArn']} (dns.certificate) ends in {count(left, 'day')}, on "
            f"{one['NotAfter'].date().isoformat()}, and browsers refuse {one.get('DomainName', '')} then: {fix}"
        )
    return found


def _renewal(shown: Mapping[str, Any]) -> str:
    status = shown.get("RenewalSummary", {}).get("RenewalStatus", "")
    return f"its renewal is {status or 'not under way'}: see that its validation records are there"
