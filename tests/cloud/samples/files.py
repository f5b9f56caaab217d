"""Samples of the file systems that tasks share: their mount targets and access points."""

from __future__ import annotations

import json
from collections.abc import Mapping

from provisioner.engine.declaration import ready
from provisioner.engine.resource import Resource
from provisioner.resources.ec2.network import Subnet
from provisioner.resources.efs.access_points import AccessPoint
from provisioner.resources.efs.file_systems import FileSystem
from provisioner.resources.efs.mount_targets import MountTarget
from provisioner.resources.policies import policy
from tests.cloud.samples.network import closed
from tests.cloud.samples.sample import NAME, ByHand, Sample

TOKEN = "sample-files"
TLS_ALONE = policy(
    {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
)


def _of(hand: ByHand) -> dict[str, str]:
    return {"FileSystemId": hand.id}


def _opened(hand: ByHand) -> None:
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
    hand("efs").put_file_system_policy(**_of(hand), Policy=json.dumps(policy(allow)))


def _moved(hand: ByHand) -> None:
    hand("efs").put_lifecycle_configuration(**_of(hand), LifecyclePolicies=[{"TransitionToIA": "AFTER_7_DAYS"}])


def _other_group(hand: ByHand) -> None:
    (group, *_) = hand("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])[
        "SecurityGroups"
    ]
    hand("efs").modify_mount_target_security_groups(MountTargetId=hand.id, SecurityGroups=[group["GroupId"]])


FILES: Mapping[type[Resource], Sample] = {
    FileSystem: Sample(
        lambda here: here.ensure(FileSystem(NAME, TOKEN, TLS_ALONE, transition_to_ia="AFTER_30_DAYS", backup=True)),
        {
            "policy": _opened,
            "transition_to_ia": _moved,
            "backup": lambda hand: hand("efs").put_backup_policy(**_of(hand), BackupPolicy={"Status": "DISABLED"}),
            "throughput_mode": lambda hand: hand("efs").update_file_system(**_of(hand), ThroughputMode="elastic"),
        },
        untried={"deletion_protection": "EFS knows no such thing: it is the record that says so"},
    ),
    MountTarget: Sample(
        lambda here: here.ensure(
            MountTarget(NAME, ready(here[FileSystem]).id, here[Subnet].id, [closed(here, "files").id])
        ),
        {"security_groups": _other_group},
    ),
    AccessPoint: Sample(
        lambda here: here.ensure(
            AccessPoint(
                NAME,
                ready(here[FileSystem]).id,
                {"Uid": 1000, "Gid": 1000},
                {"Path": "/files", "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"}},
            )
        )
    ),
}
