"""Tags of file systems and access points; a mount target has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.efs.models import efs_backends

from ecs_emulator.services.efs.access_points import settle_points


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a file system or an access point."""
    found: dict[str, str] = efs_backends[account][region].tagging_service.get_tag_dict_for_resource(
        arn.rpartition("/")[2]
    )
    return found


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each file system and access point."""
    efs = efs_backends[account][region]
    settle_points(efs)
    for system in efs.file_systems_by_id.values():
        tags = efs.tagging_service.get_tag_dict_for_resource(system.file_system_id)
        yield system.file_system_arn, tags, "elasticfilesystem:file-system"
    for point in efs.access_points.values():
        tags = efs.tagging_service.get_tag_dict_for_resource(point.access_point_id)
        yield point.access_point_arn, tags, "elasticfilesystem:access-point"
