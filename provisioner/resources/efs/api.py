"""EFS as an API: its tag calls and its temporary refusals."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.aws.api import Api, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import (
    OURS,
    TAGS_AT_ONCE,
    Permission,
    Use,
    creating,
    grants,
    retagging,
    untagging,
)
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

API = Api(
    "efs",
    "EFS",
    signing_name="elasticfilesystem",
    tags=TagCalls(
        "id",
        lambda aws, name: tag_map(aws.client("efs").list_tags_for_resource(ResourceId=name)["Tags"]),
        lambda aws, name, tags: aws.client("efs").tag_resource(ResourceId=name, Tags=tag_pairs(tags)),
        lambda aws, name, keys: aws.client("efs").untag_resource(ResourceId=name, TagKeys=[*keys]),
    ),
    transient=(
        Row("in_use", "FileSystemInUse", "", 600, "its mount targets are being deleted", "EFS API, DeleteFileSystem"),
        Row("in_use", "IncorrectFileSystemLifeCycleState|IncorrectMountTargetState", "", 300,
            "it is being created or changed", "EFS API, CreateMountTarget"),
        Row("in_use", "DependencyTimeout|ConflictException", "", 300, "EFS has not finished an earlier call",
            "EFS API, DeleteMountTarget"),
        Row("not_yet_consistent", "SubnetNotFound|SecurityGroupNotFound", "", 120,
            "the network has not propagated yet", "EFS API, CreateMountTarget"),
        Row("not_yet_consistent", "FileSystemNotFound", "", 60, "the file system has not propagated yet",
            "EFS API, CreateMountTarget", operation="CreateMountTarget|CreateAccessPoint"),
        Row("not_found", "FileSystemNotFound|MountTargetNotFound|AccessPointNotFound", meaning="it is gone",
            source="EFS API"),
    ),
)  # fmt: skip

WHY = "`[volumes]`"
SERVICE = "elasticfilesystem"


def tagged(resource: str, creates: str) -> Iterator[Permission]:
    """Yield the permissions to tag file systems or access points, which are in no ARN by name.

    Args:
        creates: the call that creates them, with their tags.
    """
    conditions = creating("elasticfilesystem:CreateAction", creates)
    yield from grants(SERVICE, "TagResource", resource, conditions=conditions, **TAGS_AT_ONCE)
    yield from grants(SERVICE, "ListTagsForResource", resource, use=Use.OTHER, why="import")
    yield from retagging(SERVICE, "TagResource", resource)
    yield from untagging(SERVICE, "UntagResource", resource, conditions=OURS)
