"""Tags of replication groups, their subnet groups, parameter groups and snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.elasticache.models import elasticache_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of the resource with this ARN."""
    return elasticache_backends[account][region].tagging_service.get_tag_dict_for_resource(arn)


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each resource."""
    cache = elasticache_backends[account][region]
    cache.settle()  # type: ignore[attr-defined]
    for resource_type, resources in (
        ("replicationgroup", cache.replication_groups),
        ("subnetgroup", cache.cache_subnet_groups),
        ("parametergroup", cache.parameter_groups),  # type: ignore[attr-defined]
        ("snapshot", cache.snapshots),
    ):
        for resource in resources.values():
            tags = cache.tagging_service.get_tag_dict_for_resource(resource.arn)
            yield resource.arn, tags, f"elasticache:{resource_type}"
