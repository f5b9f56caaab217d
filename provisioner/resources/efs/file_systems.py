"""EFS's file systems, which the tasks of several services share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import code_of
from provisioner.aws.permissions import ASKED, HERE, OURS, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.costs import Around, Cost, by_load
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.efs.api import API, SERVICE, WHY, tagged
from provisioner.resources.phrases import named
from provisioner.resources.policies import Policy, normal

GONE = ("deleted",)
"""The states in which EFS may still list a file system that is gone."""
_ON = ("ENABLED", "ENABLING")
_MOVE = "TransitionToIA"
_GIB = 2**30


@dataclass(frozen=True)
class FileSystem(Resource):
    """A file system in all zones of the Region, encrypted, which holds the files of tasks.

    EFS has no deletion protection against its owner: with `deletion_protection`, the record keeps `down` from it.

    Attributes:
        creation_token: its unique name; EFS gives its id.
        policy: the rights of those who mount it; without one EFS admits everybody who reaches it.
        transition_to_ia: when files without access move to the storage for infrequent access; None for never.
        backup: whether AWS Backup makes a copy each day.
    """

    creation_token: str
    policy: Policy
    kms_key_id: str | None = None
    throughput_mode: str = "bursting"
    transition_to_ia: str | None = None
    backup: bool = False
    deletion_protection: bool = False

    type_name = "file_system"
    api = API
    arn = "file-system/*"
    takes = Takes(ready=(durations.FILE_SYSTEM_CREATE,), gone=(durations.FILE_SYSTEM_DELETE,))
    permissions = (
        *tagged("file-system/*", "CreateFileSystem"),
        *grants(SERVICE, "DescribeFileSystems", use=Use.OPTION, why=WHY),
        *grants(
            SERVICE,
            "DescribeFileSystemPolicy DescribeLifecycleConfiguration DescribeBackupPolicy",
            OWN,
            use=Use.OPTION,
            why=WHY,
        ),
        # the action supports no resources
        *grants(SERVICE, "CreateFileSystem", conditions=(*ASKED, *HERE), use=Use.OPTION, why=WHY),
        *grants(
            SERVICE,
            "PutFileSystemPolicy PutLifecycleConfiguration PutBackupPolicy UpdateFileSystem DeleteFileSystem",
            OWN,
            conditions=OURS,
            use=Use.OPTION,
            why=WHY,
        ),
    )
    identity = ("creation_token",)
    create_only = frozenset({"creation_token", "kms_key_id"})
    outputs = ("arn",)
    protection = "deletion_protection"
    update_when_ready = True
    create_timeout = 600
    poll_interval = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", normal(self.policy))

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the files in the volume"

    @classmethod
    def amount(cls, aws: Aws, ids: Sequence[str]) -> str:
        shown = [
            one for name in ids for one in aws.pages("efs", "describe_file_systems", "FileSystems", FileSystemId=name)
        ]
        return _size(sum(int(one["SizeInBytes"]["Value"]) for one in shown))

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield by_load("files in volumes", "efs.gb", "volume_gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["creation_token"] for fields in known}
        # all of a stack have the same key
        keyed = any(fields.get("kms_key_id") for fields in known)
        # most stacks have none: the bulk read of tags says so without a call of EFS
        if not names and not any(":file-system/" in arn for arn in aws.tagged(SERVICE, cls)):
            return
        found = [
            one
            for one in aws.pages("efs", "describe_file_systems", "FileSystems")
            if one["LifeCycleState"] not in GONE
            and (aws.owns(tag_map(one.get("Tags"))) or one["CreationToken"] in names)
        ]
        yield from aws.each(partial(cls._whole, aws, keyed), found)

    @classmethod
    def _whole(cls, aws: Aws, keyed: bool, shown: Mapping[str, Any]) -> Observed:
        """Return a file system, with the settings that further calls show if it is ours and stands."""
        ours = aws.owns(tag_map(shown.get("Tags")))
        standing = shown["LifeCycleState"] in ("available", "updating")
        settings = _settings(aws, shown) if ours and standing else {}
        return cls._live(aws, shown, settings, keyed=keyed)

    @staticmethod
    def _live(aws: Aws, shown: Mapping[str, Any], settings: Mapping[str, Any], *, keyed: bool) -> Observed:
        state = str(shown["LifeCycleState"])
        attributes = {
            "creation_token": shown["CreationToken"],
            "throughput_mode": shown.get("ThroughputMode", "bursting"),
            # without a key of the user's own AWS shows its own
            **({"kms_key_id": shown.get("KmsKeyId")} if keyed else {}),
            **settings,
        }
        outputs = {"arn": shown["FileSystemArn"]}
        tags, deleting = tag_map(shown.get("Tags")), state == "deleting"
        return observed(aws, shown["FileSystemId"], attributes, tags, outputs, status=state, deleting=deleting)

    def create(self, aws: Aws, token: str) -> Observed:
        key = {"KmsKeyId": self.kms_key_id} if self.kms_key_id else {}
        tags = aws.tags(self.address)
        shown = aws.client("efs").create_file_system(
            CreationToken=self.creation_token,
            PerformanceMode="generalPurpose",
            ThroughputMode=self.throughput_mode,
            Encrypted=True,
            Tags=aws.tag_list(self.address),
            **key,
        )
        bare = {"policy": None, "transition_to_ia": None, "backup": False}
        return self._live(aws, {**shown, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}, bare, keyed=True)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        efs, of = aws.client("efs"), {"FileSystemId": live.id}
        if "policy" in changes:
            efs.put_file_system_policy(**of, Policy=json.dumps(self.policy))
        if "transition_to_ia" in changes:
            moves = [{_MOVE: self.transition_to_ia}] if self.transition_to_ia else []
            efs.put_lifecycle_configuration(**of, LifecyclePolicies=moves)
        if "backup" in changes:
            efs.put_backup_policy(**of, BackupPolicy={"Status": "ENABLED" if self.backup else "DISABLED"})
        if "throughput_mode" in changes:
            efs.update_file_system(**of, ThroughputMode=self.throughput_mode)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("efs").delete_file_system(FileSystemId=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "error":
            raise Failed(f"EFS could not create the file system {live.id}: delete it, and run `up` again")
        return None if live.status in ("available", "updating") else live.status

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        targets = aws.pages("efs", "describe_mount_targets", "MountTargets", FileSystemId=live.id)
        return named("with mount targets", [one["MountTargetId"] for one in targets])


def _settings(aws: Aws, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a file system that its description lacks."""
    name = shown["FileSystemId"]
    policy = _asked(aws, "describe_file_system_policy", name).get("Policy")
    moves = _asked(aws, "describe_lifecycle_configuration", name).get("LifecyclePolicies", ())
    backup = _asked(aws, "describe_backup_policy", name).get("BackupPolicy", {})
    return {
        "policy": _without_resource(normal(json.loads(policy)), shown["FileSystemArn"]) if policy else None,
        "transition_to_ia": next((one[_MOVE] for one in moves if one.get(_MOVE)), None),
        "backup": backup.get("Status") in _ON,
    }


def _without_resource(policy: Policy, arn: str) -> Policy:
    """Return a policy without the file system itself, which EFS puts into statements that name no resource."""
    bare = [
        {key: value for key, value in one.items() if (key, value) != ("Resource", arn)} for one in policy["Statement"]
    ]
    return {**policy, "Statement": bare}


def _asked(aws: Aws, operation: str, name: str) -> Mapping[str, Any]:
    """Return the answer to a read; nothing if the file system has no such setting (EFS API, PolicyNotFound)."""
    try:
        found: Mapping[str, Any] = getattr(aws.client("efs"), operation)(FileSystemId=name)
    except ClientError as error:
        if code_of(error) != "PolicyNotFound":
            raise
        return {}
    return found


def _size(number: int) -> str:
    """Return an amount of files in words; EFS measures it once in a while."""
    if number >= _GIB:
        return f"about {number / _GIB:,.1f} GiB"
    return f"about {number / 2**20:,.1f} MiB" if number >= 2**20 else f"about {number / 2**10:,.0f} KiB"
