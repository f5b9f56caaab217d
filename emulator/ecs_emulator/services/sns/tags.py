"""Tags of topics."""

from __future__ import annotations

from collections.abc import Mapping

from moto.sns.models import sns_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a topic."""
    topic = sns_backends[account][region].topics.get(arn)
    return topic._tags if topic else {}
