"""The volumes of services and jobs: file systems, their addresses in each zone, and the rights of tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner import Handle, Network, Stack, ready, step
from provisioner.config.volumes import Volume as Settings
from provisioner.config.volumes import actions
from provisioner.config.workload import Workload
from provisioner.resources.efs.access_points import AccessPoint
from provisioner.resources.efs.file_systems import FileSystem
from provisioner.resources.efs.mount_targets import MountTarget
from provisioner.resources.policies import Policy, policy
from provisioner.steps.security_groups import SecurityGroups

FOLDER = "/files"
"""The folder of a file system that tasks see, which EFS makes for the volume's user; the root belongs to root."""
BY_TLS: Policy = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
"""The statement that refuses to mount without TLS.

With a policy of its own a file system admits only those whom a policy allows; without one, everybody who reaches it
(EFS user guide, "Using IAM to control access to file systems").
"""


@dataclass(frozen=True)
class Volume:
    """The ids and ARNs of a file system and of its access point, and its mount targets, which tasks wait for."""

    file_system: str
    arn: str
    access_point: str
    access_point_arn: str
    targets: Sequence[Handle]


@dataclass(frozen=True)
class Volumes:
    """The volumes by name."""

    named: dict[str, Volume]

    def mounted(self, workload: Workload) -> list[dict[str, Any]]:
        """Return the volumes of a workload's tasks, as ECS takes them."""
        return [_of_task(name, self.named[name]) for name in workload.volumes]

    def targets(self, workload: Workload) -> list[Handle]:
        """Return the handles of the mount targets, without which no task of a workload starts."""
        return [ready(one) for name in workload.volumes for one in self.named[name].targets]


@step
def volumes(stack: Stack, network: Network, security_groups: SecurityGroups) -> Volumes:
    """Declare a file system for each volume, with a mount target in the subnet of each zone, and an access point.

    Each volume is a file system of its own: an empty one costs nothing, and one is deleted without the others.
    """
    found: dict[str, Volume] = {}
    for name, settings in stack.config.volumes.items():
        if not stack.config.mounting(name):
            stack.notice(f"volumes.{name}: no service and no job names it under `volumes`, so that no task may use it")
        system = stack.ensure(_file_system(stack, name, settings), keys={"kms_key_id": "kms_key"})
        standing = ready(system)
        targets = [
            stack.ensure(MountTarget(f"{name}-{zone[-1]}", standing.id, subnet, [security_groups.volumes[name]]))
            for zone, subnet in zip(stack.facts.zones, network.tasks, strict=False)
        ]
        owner = {"OwnerUid": settings.uid, "OwnerGid": settings.gid, "Permissions": "0755"}
        point = stack.ensure(
            AccessPoint(
                name,
                standing.id,
                {"Uid": settings.uid, "Gid": settings.gid},
                {"Path": FOLDER, "CreationInfo": owner},
            ),
            keys={"posix_user": f"volumes.{name}.uid"},
        )
        usable = ready(point)
        found[name] = Volume(system.id, system.arn, usable.id, usable.arn, targets)
    return Volumes(found)


def _file_system(stack: Stack, name: str, settings: Settings) -> FileSystem:
    days = settings.infrequent_days
    return FileSystem(
        name,
        f"{stack.name}-{name}",
        policy(BY_TLS),
        stack.facts.kms_key,
        settings.throughput,
        f"AFTER_{days}_DAY{'' if days == 1 else 'S'}" if days else None,
        settings.backup,
        deletion_protection=stack.config.protect,
    )


def _of_task(name: str, volume: Volume) -> dict[str, Any]:
    return {
        "name": in_task(name),
        "efsVolumeConfiguration": {
            "fileSystemId": volume.file_system,
            "rootDirectory": "/",
            "transitEncryption": "ENABLED",
            "authorizationConfig": {"accessPointId": volume.access_point, "iam": "ENABLED"},
        },
    }


def in_task(volume: str) -> str:
    """Return a volume's name in a task definition, which no folder of ECS Exec has."""
    return f"volume_{volume}"


def mount_points(workload: Workload) -> list[dict[str, Any]]:
    """Return the places of a workload's volumes in its container, as ECS takes them."""
    return [
        {"sourceVolume": in_task(name), "containerPath": mount.path, "readOnly": mount.read_only}
        for name, mount in workload.volumes.items()
    ]


def volume_rights(workload: Workload, volumes: Volumes) -> Iterator[Policy]:
    """Yield the statements for a workload's volumes: through their access points, and never as root."""
    for name, mount in workload.volumes.items():
        volume = volumes.named[name]
        yield {
            "Effect": "Allow",
            "Action": [*actions(mount)],
            "Resource": volume.arn,
            "Condition": {"StringEquals": {"elasticfilesystem:AccessPointArn": volume.access_point_arn}},
        }
