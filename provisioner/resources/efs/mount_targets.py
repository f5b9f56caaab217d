"""EFS's mount targets: the address of a file system in each zone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import code_of
from provisioner.aws.permissions import HERE, OURS, Conditions, Use, grants
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.efs.api import API, SERVICE, WHY
from provisioner.resources.efs.file_systems import FileSystem

_SYSTEM = "file-system/*"
_INTERFACES = "https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html"
_IN_VPC: Conditions = (("ArnLike", "ec2:Vpc", ("arn:{partition}:ec2:{region}:{account}:vpc/{known_vpc}",)),)


@dataclass(frozen=True)
class MountTarget(Resource):
    """The address of a file system in a subnet, for the tasks of its zone: one for each zone.

    It has an interface of EFS in the subnet, which takes an address and the security groups.
    """

    file_system_id: str
    subnet_id: str
    security_groups: Sequence[str]

    type_name = "mount_target"
    api = API
    has_tags = False
    has_parent = True
    arn = _SYSTEM
    takes = Takes(ready=(durations.MOUNT_TARGET_CREATE,), gone=(durations.MOUNT_TARGET_DELETE,))
    permissions = (
        *grants(SERVICE, "DescribeMountTargets DescribeMountTargetSecurityGroups", _SYSTEM, use=Use.OPTION, why=WHY),
        *grants(
            SERVICE,
            "CreateMountTarget DeleteMountTarget ModifyMountTargetSecurityGroups",
            _SYSTEM,
            conditions=OURS,
            use=Use.OPTION,
            why=WHY,
        ),
        # EFS makes and deletes their interfaces in the caller's name
        *grants(
            "ec2",
            "DescribeNetworkInterfaces DescribeSubnets",
            use=Use.IMPLIED,
            why="CreateMountTarget",
            source=_INTERFACES,
            reader=False,
        ),
        *grants(
            "ec2",
            "CreateNetworkInterface",
            "security-group/*",
            conditions=OURS,
            use=Use.IMPLIED,
            why="CreateMountTarget",
            source=_INTERFACES,
        ),
        *grants(
            "ec2",
            "CreateNetworkInterface",
            "subnet/*",
            conditions=_IN_VPC,
            use=Use.IMPLIED,
            why="CreateMountTarget",
            source=_INTERFACES,
        ),
        *grants(
            "ec2",
            "CreateNetworkInterface",
            "network-interface/*",
            conditions=HERE,
            use=Use.IMPLIED,
            why="CreateMountTarget",
            source=_INTERFACES,
        ),
        *grants(
            "ec2",
            "ModifyNetworkInterfaceAttribute",
            *("network-interface/*", "security-group/*"),
            conditions=_IN_VPC,
            use=Use.IMPLIED,
            why="ModifyMountTargetSecurityGroups",
            source="https://docs.aws.amazon.com/efs/latest/ug/API_ModifyMountTargetSecurityGroups.html",
        ),
        *grants(
            "ec2",
            "DeleteNetworkInterface",
            "network-interface/*",
            conditions=_IN_VPC,
            use=Use.IMPLIED,
            why="DeleteMountTarget",
            source="https://docs.aws.amazon.com/efs/latest/ug/API_DeleteMountTarget.html",
        ),
    )
    identity = ("file_system_id", "subnet_id")
    unordered = frozenset({"security_groups"})
    update_when_ready = True
    create_timeout = 1800
    delete_timeout = 1800
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        systems = [one for one in aws.live(FileSystem) if one.owned]
        for found in aws.each(partial(cls._of, aws), systems):
            yield from found

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        for one in sorted(ids):
            if live := cls.read_one(aws, one):
                yield live

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        try:
            (shown,) = aws.client("efs").describe_mount_targets(MountTargetId=id)["MountTargets"]
        except ClientError as error:
            if code_of(error) != "MountTargetNotFound":
                raise
            return None
        owned = any(one.id == shown["FileSystemId"] and one.owned for one in aws.live(FileSystem))
        return cls._live(aws, shown, owned=owned)

    @classmethod
    def _of(cls, aws: Aws, system: Observed) -> Sequence[Observed]:
        """Return the mount targets of a file system; none if it is gone by now."""
        try:
            found = [*aws.pages("efs", "describe_mount_targets", "MountTargets", FileSystemId=system.id)]
        except ClientError as error:
            if code_of(error) != "FileSystemNotFound":
                raise
            return []
        return [cls._live(aws, one, owned=system.owned) for one in found if one["LifeCycleState"] != "deleted"]

    @classmethod
    def _live(cls, aws: Aws, shown: Mapping[str, Any], *, owned: bool = True) -> Observed:
        state, name = str(shown["LifeCycleState"]), shown["MountTargetId"]
        attributes = {"file_system_id": shown["FileSystemId"], "subnet_id": shown["SubnetId"]}
        # another call shows the groups, and refuses to in other states (EFS API, IncorrectMountTargetState)
        if owned and state == "available":
            attributes["security_groups"] = aws.client("efs").describe_mount_target_security_groups(MountTargetId=name)[
                "SecurityGroups"
            ]
        return Observed(name, attributes, owned=owned, status=state, deleting=state == "deleting")

    def create(self, aws: Aws, token: str) -> Observed:
        shown = aws.client("efs").create_mount_target(
            FileSystemId=self.file_system_id, SubnetId=self.subnet_id, SecurityGroups=[*self.security_groups]
        )
        return Observed(shown["MountTargetId"], self.fields(), status=shown["LifeCycleState"])

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("efs").modify_mount_target_security_groups(
            MountTargetId=live.id, SecurityGroups=[*self.security_groups]
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("efs").delete_mount_target(MountTargetId=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "error":
            raise Failed(f"EFS could not create the mount target {live.id}: delete it, and run `up` again")
        return None if live.status in ("available", "updating") else live.status
