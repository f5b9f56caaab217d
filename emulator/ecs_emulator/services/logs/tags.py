"""Tags of log groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.logs.models import logs_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a log group, also by the ARN of its streams."""
    return logs_backends[account][region].list_tags_for_resource(arn.partition(":log-stream:")[0])


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each log group."""
    logs = logs_backends[account][region]
    for group in logs.groups.values():
        arn = group.arn.removesuffix(":*")
        yield arn, logs.tagger.get_tag_dict_for_resource(arn), "logs:log-group"
