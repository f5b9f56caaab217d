"""Tags of secrets."""

from __future__ import annotations

from collections.abc import Mapping

from moto.secretsmanager.models import secretsmanager_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a secret."""
    secret = secretsmanager_backends[account][region].secrets.get(arn)
    return {one["Key"]: one["Value"] for one in (secret.tags if secret else None) or ()}
