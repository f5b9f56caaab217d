"""EFS's access points: the folder and the user through which tasks mount a file system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import code_of
from provisioner.aws.permissions import ASKED, OURS, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.efs.api import API, SERVICE, WHY, tagged
from provisioner.resources.efs.file_systems import FileSystem

LASTING: Mapping[str, str] = {
    "posix_user": "the files belong to that user. Restore the old value; for another one add a volume under another "
    "name, and copy the files"
}
"""Fields that no access point is recreated for, with the advice instead."""


@dataclass(frozen=True)
class AccessPoint(Resource):
    """A folder of a file system, which its clients see as the whole, and the user of all their requests.

    Attributes:
        posix_user: `Uid` and `Gid` for each request, whatever the client says.
        root_directory: `Path`, and `CreationInfo`, with which EFS makes the folder at the first mount.
    """

    file_system_id: str
    posix_user: Mapping[str, int]
    root_directory: Mapping[str, Any]

    type_name = "access_point"
    api = API
    arn = "access-point/*"
    takes = Takes(ready=(durations.ACCESS_POINT_CREATE,), gone=(durations.ACCESS_POINT_DELETE,))
    permissions = (
        *tagged("access-point/*", "CreateAccessPoint"),
        *grants(SERVICE, "DescribeAccessPoints", "file-system/*", use=Use.OPTION, why=WHY),
        *grants(SERVICE, "CreateAccessPoint", "file-system/*", conditions=(*ASKED, *OURS), use=Use.OPTION, why=WHY),
        *grants(SERVICE, "DeleteAccessPoint", OWN, conditions=OURS, use=Use.OPTION, why=WHY),
    )
    create_only = frozenset({"file_system_id", "posix_user"})
    lasting = LASTING
    # it follows from the user, and AWS changes none
    ignore_changes = frozenset({"root_directory"})
    outputs = ("arn",)
    create_timeout = 600
    poll_interval = 2

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        systems = [one.id for one in aws.live(FileSystem) if one.owned]
        for found in aws.each(partial(_of, aws), systems):
            for shown in found:
                if aws.owns(tag_map(shown.get("Tags"))) and shown["LifeCycleState"] != "deleted":
                    yield cls._live(aws, shown)

    @staticmethod
    def _live(aws: Aws, shown: Mapping[str, Any]) -> Observed:
        state = str(shown["LifeCycleState"])
        attributes = {
            "file_system_id": shown["FileSystemId"],
            "posix_user": shown.get("PosixUser", {}),
            "root_directory": shown.get("RootDirectory", {}),
        }
        outputs, tags = {"arn": shown["AccessPointArn"]}, tag_map(shown.get("Tags"))
        return observed(
            aws, shown["AccessPointId"], attributes, tags, outputs, status=state, deleting=state == "deleting"
        )

    def create(self, aws: Aws, token: str) -> Observed:
        shown = aws.client("efs").create_access_point(
            ClientToken=token,
            FileSystemId=self.file_system_id,
            PosixUser=self.posix_user,
            RootDirectory=self.root_directory,
            Tags=aws.tag_list(self.address),
        )
        return self._live(aws, shown)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("efs").delete_access_point(AccessPointId=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "error":
            raise Failed(f"EFS could not create the access point {live.id}: delete it, and run `up` again")
        return None if live.status in ("available", "updating") else live.status


def _of(aws: Aws, system: str) -> Sequence[Mapping[str, Any]]:
    """Return the access points of a file system; none if it is gone by now."""
    try:
        return [*aws.pages("efs", "describe_access_points", "AccessPoints", FileSystemId=system)]
    except ClientError as error:
        if code_of(error) != "FileSystemNotFound":
            raise
        return []
