"""Tags of certificates, which moto's tagging API already lists."""

from __future__ import annotations

from collections.abc import Mapping

from moto.acm.models import acm_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a certificate."""
    return {key: value or "" for key, value in acm_backends[account][region].get_certificate(arn).tags.items()}
