"""Tags of what ECS has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_emulator.ecs.store import tagged


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of what an ARN names."""
    return next((tags for known, tags in tagged(account, region) if known == arn), {})


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each resource."""
    for arn, tags in tagged(account, region):
        yield arn, dict(tags), "ecs:" + arn.split(":", 5)[5].partition("/")[0]
