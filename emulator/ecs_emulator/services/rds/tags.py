"""Tags of clusters, instances, their groups and snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.rds.models import rds_backends

from ecs_emulator.authorization.tags import pairs


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of the resource with this ARN."""
    return pairs(rds_backends[account][region].list_tags_for_resource(arn))


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each resource."""
    rds = rds_backends[account][region]
    rds.settle()  # type: ignore[attr-defined]
    for resource_type, resources in (
        ("cluster", rds.clusters),
        ("db", rds.databases),
        ("subgrp", rds.subnet_groups),
        ("cluster-pg", rds.db_cluster_parameter_groups),
        ("pg", rds.db_parameter_groups),
        ("cluster-snapshot", rds.cluster_snapshots),
        ("snapshot", rds.database_snapshots),
    ):
        for resource in resources.values():
            yield resource.arn, {tag["Key"]: tag["Value"] for tag in resource.get_tags()}, f"rds:{resource_type}"
