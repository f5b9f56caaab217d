"""Notices on existing certificates whose end is near."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.operations.network.existing_certificates import notices

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ARN = "arn:aws:acm:ap-northeast-1:123456789012:certificate/1a2b"


def told(days: float, **more: Any) -> list[str]:
    shown = {"CertificateArn": ARN, "DomainName": "*.example.com", "NotAfter": NOW + timedelta(days=days), **more}
    return notices([shown], NOW.timestamp())


def test_a_far_end_is_not_told() -> None:
    assert told(30) == []
    assert notices([{"CertificateArn": ARN}], NOW.timestamp()) == []


def test_an_imported_one_has_to_be_imported_again() -> None:
    [text] = told(29.5, Type="IMPORTED")
    assert text == (
        f"{ARN} (dns.certificate) ends in 29 days, on 2026-12-30, and browsers refuse *.example.com then: "
        "import a new one under the same ARN"
    )


def test_the_renewal_of_an_issued_one_is_told() -> None:
    [text] = told(1, Type="AMAZON_ISSUED", RenewalSummary={"RenewalStatus": "PENDING_VALIDATION"})
    assert "ends in 1 day, on 2026-12-02" in text
    assert text.endswith("its renewal is PENDING_VALIDATION: see that its validation records are there")
