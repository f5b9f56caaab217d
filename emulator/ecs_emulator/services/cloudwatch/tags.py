"""Tags of alarms."""

from __future__ import annotations

from collections.abc import Mapping

from moto.cloudwatch.models import cloudwatch_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of an alarm."""
    return cloudwatch_backends[account][region].tagger.get_tag_dict_for_resource(arn)
