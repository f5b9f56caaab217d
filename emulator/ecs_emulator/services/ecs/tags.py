"""Tags of ECS's resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_emulator.ecs.store import store


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of the resource with this ARN."""
    return next((tags for known, tags in _tagged(account, region) if known == arn), {})


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each resource."""
    for arn, tags in _tagged(account, region):
        yield arn, dict(tags), "ecs:" + arn.split(":", 5)[5].partition("/")[0]


def _tagged(account: str, region: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the ARN and the tags of every taggable resource."""
    kept = store(account, region)
    for cluster in kept.clusters.values():
        if cluster.status != "INACTIVE":
            yield cluster.arn, cluster.tags
            for service in kept.services_of(cluster.name):
                yield service.arn, service.tags
            for task in kept.tasks_of(cluster.name):
                yield task.arn, task.tags
            for instance in kept.instances_of(cluster.name):
                yield instance.arn, instance.tags
    for provider in kept.providers.values():
        if provider.group and provider.status != "INACTIVE":
            yield provider.arn, provider.tags
    for revisions in kept.definitions.values():
        for definition in revisions:
            yield definition.arn, definition.tags
