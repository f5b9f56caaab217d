"""Refusals by EFS: names that are in use, states, zones, settings, and the order of a deletion."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once
from tests.cloud.refusals.network import subnets, twin_subnet, vpc

case = partial(Case, "efs")
POINTS = "https://docs.aws.amazon.com/efs/latest/ug/API_RootDirectory.html"
MISSING = {"FileSystemId": "fs-0123456789abcdef0"}
USER = {"Uid": 1000, "Gid": 1000}


@once
def system(scene: Scene) -> str:
    """A file system that is available."""
    efs = scene.client("efs")
    made = str(efs.create_file_system(CreationToken="files")["FileSystemId"])
    scene.wait(lambda: _shown(efs, made)["LifeCycleState"] == "available")
    return made


def _shown(efs: Any, name: str) -> Any:
    return efs.describe_file_systems(FileSystemId=name)["FileSystems"][0]


@once
def target(scene: Scene) -> str:
    """A mount target in the first zone."""
    efs = scene.client("efs")
    return str(efs.create_mount_target(FileSystemId=system(scene), SubnetId=subnets(scene)[0])["MountTargetId"])


@once
def point(scene: Scene) -> str:
    """An access point by a token."""
    return str(scene.client("efs").create_access_point(ClientToken="one", FileSystemId=system(scene))["AccessPointId"])


def mount_at_once(scene: Scene, efs: Any) -> None:
    new = efs.create_file_system(CreationToken=scene.name("files"))["FileSystemId"]
    efs.create_mount_target(FileSystemId=new, SubnetId=subnets(scene)[1])


def mount(scene: Scene, efs: Any, subnet: str, **more: Any) -> None:
    target(scene)
    efs.create_mount_target(FileSystemId=system(scene), SubnetId=subnet, **more)


def regroup(scene: Scene, efs: Any) -> None:
    """Change the groups of a new mount target, which is being created."""
    one = efs.create_mount_target(FileSystemId=system(scene), SubnetId=subnets(scene)[2])["MountTargetId"]
    efs.modify_mount_target_security_groups(MountTargetId=one, SecurityGroups=[])


def again(scene: Scene, efs: Any) -> None:
    point(scene)
    efs.create_access_point(ClientToken="one", FileSystemId=system(scene))


def end(scene: Scene, efs: Any) -> None:
    target(scene)
    efs.delete_file_system(FileSystemId=system(scene))


def groups(scene: Scene) -> list[str]:
    ec2 = scene.client("ec2")
    return [
        ec2.create_security_group(GroupName=scene.name("files"), Description="one", VpcId=vpc(scene))["GroupId"]
        for _ in range(6)
    ]


def again_by_token(scene: Scene, efs: Any) -> None:
    system(scene)
    efs.create_file_system(CreationToken="files")


CASES = (
    case("CreateFileSystem", "with a token that is in use", "FileSystemAlreadyExists", ERRORS, again_by_token,
        "with creation token 'files'"),
    case("CreateMountTarget", "while the file system is being created", "IncorrectFileSystemLifeCycleState", ERRORS,
        mount_at_once),
    case("CreateMountTarget", "in a zone that has one", "MountTargetConflict", TEXT,
        lambda s, c: mount(s, c, twin_subnet(s))),
    case("CreateMountTarget", "in a subnet of another VPC", "MountTargetConflict", TEXT,
        lambda s, c: mount(s, c, subnets(s, 1)[1])),
    case("CreateMountTarget", "with six groups", "SecurityGroupLimitExceeded", ERRORS,
        lambda s, c: mount(s, c, subnets(s)[1], SecurityGroups=groups(s))),
    case("CreateMountTarget", "with a group that is missing", "SecurityGroupNotFound", ERRORS,
        lambda s, c: mount(s, c, subnets(s)[1], SecurityGroups=["sg-0123456789abcdef0"])),
    case("CreateMountTarget", "of a file system that is missing", "FileSystemNotFound", ERRORS,
        lambda s, c: c.create_mount_target(**MISSING, SubnetId=subnets(s)[0])),
    case("ModifyMountTargetSecurityGroups", "while it is being created", "IncorrectMountTargetState", ERRORS, regroup),
    case("DeleteFileSystem", "with a mount target", "FileSystemInUse", ERRORS, end),
    case("DeleteMountTarget", "that is missing", "MountTargetNotFound", ERRORS,
        lambda s, c: c.delete_mount_target(MountTargetId="fsmt-0123456789abcdef0")),
    case("CreateAccessPoint", "with a token that is in use", "AccessPointAlreadyExists", ERRORS, again),
    case("CreateAccessPoint", "five folders deep", "ValidationException", POINTS,
        lambda s, c: c.create_access_point(
            ClientToken=s.name(), FileSystemId=system(s), PosixUser=USER, RootDirectory={"Path": "/a/b/c/d/e"})),
    case("DescribeBackupPolicy", "of a file system without one", "PolicyNotFound", ERRORS,
        lambda s, c: c.describe_backup_policy(FileSystemId=system(s))),
    case("DescribeFileSystemPolicy", "of a file system that is missing", "FileSystemNotFound", ERRORS,
        lambda s, c: c.describe_file_system_policy(**MISSING)),
    case("PutLifecycleConfiguration", "with two moves in one policy", "BadRequest", TEXT,
        lambda s, c: c.put_lifecycle_configuration(
            FileSystemId=system(s),
            LifecyclePolicies=[{"TransitionToIA": "AFTER_7_DAYS", "TransitionToArchive": "AFTER_90_DAYS"}])),
    case("PutFileSystemPolicy", "that is no policy", "InvalidPolicyException", ERRORS,
        lambda s, c: c.put_file_system_policy(FileSystemId=system(s), Policy="{}")),
)  # fmt: skip
