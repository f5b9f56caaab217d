"""Create issued certificates under given ARNs, as if somebody had imported them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.acm.models import acm_backends


def put_certificates(account: str, region: str, wanted: Mapping[str, list[str]]) -> None:
    """Create issued certificates for these names."""
    backend: Any = acm_backends[account][region]
    for arn, names in wanted.items():
        made = backend.request_certificate(names[0], f"unmanaged:{arn}", names, [])
        bundle = backend._certificates.pop(made)
        bundle.arn, bundle.status, bundle.names, bundle.account_id = arn, "ISSUED", names, account
        bundle.validation_method, bundle.key_algorithm = "DNS", "RSA_2048"
        bundle.details_at = bundle.records_at = bundle.usable_at = 0.0
        backend._certificates[arn] = bundle
