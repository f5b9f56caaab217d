"""File systems of tasks: find out whether a task can mount its volumes of EFS before its containers start.

Fargate and ECS's agent mount with EFS's own helper, from the task's interface: on an instance, too, in network mode
awsvpc (amazon-ecs-agent#2570).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.efs.models import efs_backends

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check, Decision, Unreadable, decide, read
from ecs_emulator.ecs import overrides
from ecs_emulator.ecs.records import Shape, Task, last_part
from ecs_emulator.ecs.store import Store
from ecs_emulator.security_groups import allow_tcp
from ecs_emulator.services.efs.file_systems import state

NFS = 2049
_FARGATE = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "
_AGENT = "Error response from daemon: VolumeDriver.Create: mounting volume failed: "
_CODE = " : unsuccessful EFS utils command execution; code: {}"
_TIMED_OUT = (
    "Mount attempt 1/3 failed due to timeout after 15 sec, wait 0 sec before next attempt. Mount attempt 2/3 failed "
    "due to timeout after 15 sec, wait 0 sec before next attempt. b'mount.nfs4: Connection timed out'"
)
_DENIED = "b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'"


def unmounted(store: Store, task: Task) -> str:
    """Return the reason why a task cannot mount one of its file systems, in ECS's words; empty if it can mount all.

    Sources: ECS developer guide, ResourceInitializationError; acp-io/terraform-grafana#4; aws/efs-utils#32 for the
    agent's words; EFS user guide, "Access denied by server".
    """
    for volume in _of(task):
        if reason := _reason(store, task, volume):
            return f"{_AGENT}{reason}" if task.instance else f"{_FARGATE}{reason}{_CODE.format(32)}"
    return ""


def _of(task: Task) -> Iterator[Shape]:
    """Yield the settings of the file systems that a task's containers mount."""
    shape = task.definition.shape
    used = {one.get("sourceVolume") for each in shape["containerDefinitions"] for one in each.get("mountPoints") or ()}
    for volume in shape.get("volumes") or ():
        if (found := volume.get("efsVolumeConfiguration")) and volume.get("name") in used:
            yield found


def _reason(store: Store, task: Task, volume: Shape) -> str:
    """Return the mount helper's words: no name without a target in the zone, no way, no right, or no such folder."""
    efs: Any = efs_backends[store.account][store.region]
    efs.settle_targets()
    name, interface = volume["fileSystemId"], store.ec2.enis.get(task.interface)
    if interface is None:
        return ""
    target = _target(efs, name, interface.subnet)
    if target is None or not _names_resolve(store, interface.subnet.vpc_id):
        return (
            f'Failed to resolve "{name}.efs.{store.region}.amazonaws.com" - check that your file system ID is correct, '
            "and ensure that the VPC has an EFS mount target for this file system ID. See "
            "https://docs.aws.amazon.com/console/efs/mount-dns-name for more detail."
        )
    groups = [group.id for group in interface.group_set]
    sent = {"sent_from": interface.private_ip_address, "sent_to": target.ip_address}
    if not allow_tcp(store.ec2, groups, target.security_groups or [], NFS, **sent):
        return _TIMED_OUT
    return "" if _admitted(store, task, volume, efs) else _DENIED


def _target(efs: Any, name: str, subnet: Any) -> Any:
    """Return the available mount target of a file system in a subnet's zone and VPC; None without one.

    The name of a file system leads to the target in the client's own zone (EFS user guide, "Mounting with a DNS name").
    """
    for one in efs.mount_targets_by_id.values():
        place = (one.availability_zone_name, one.vpc_id)
        if one.file_system_id == name and place == (subnet.availability_zone, subnet.vpc_id):
            return one if state(one) == "available" else None
    return None


def _names_resolve(store: Store, vpc_id: str) -> bool:
    """Return whether a VPC resolves names of mount targets (EFS user guide: DNS hostnames have to be enabled)."""
    vpc: Any = store.ec2.vpcs.get(vpc_id)
    return vpc is None or str(vpc.enable_dns_hostnames).lower() == "true"


def _admitted(store: Store, task: Task, volume: Shape, efs: Any) -> bool:
    """Return whether the access point is there, and the policies allow to mount.

    Without a policy of its own a file system admits everybody; with one, the client's own policies or this one have to
    allow it, and none may deny it (EFS user guide, "Using IAM to control access to file systems").
    """
    authorization = volume.get("authorizationConfig") or {}
    system, point = efs.file_systems_by_id[volume["fileSystemId"]], authorization.get("accessPointId")
    found = efs.access_points.get(point)
    if point and (found is None or found.file_system_id != system.file_system_id or state(found) == "deleting"):
        return False
    if not system.file_system_policy:
        return True
    tags = efs.tagging_service.get_tag_dict_for_resource(system.file_system_id)
    context: dict[str, tuple[str, ...]] = {
        **{f"aws:ResourceTag/{key}": (value,) for key, value in tags.items()},
        "aws:SecureTransport": (str(volume.get("transitEncryption") == "ENABLED").lower(),),
        "elasticfilesystem:AccessedViaMountTarget": ("true",),
        **({"elasticfilesystem:AccessPointArn": (found.access_point_arn,)} if found else {}),
    }
    check = Check("elasticfilesystem:ClientMount", system.file_system_arn, context)
    said = _said(system.file_system_policy, check)
    if said is not Decision.NOT_ALLOWED or authorization.get("iam") != "ENABLED":
        return said is Decision.ALLOWED
    role = roles.named(store.account, last_part(overrides.role(task)))
    return role is not None and roles.allows(store.account, role, check)


def _said(document: str, check: Check) -> Decision:
    """Return the decision of a file system's policy, whose principals are taken to be everybody of the account."""
    content = json.loads(document)
    bare = [{key: value for key, value in one.items() if key != "Principal"} for one in content.get("Statement", ())]
    try:
        return decide(read("policy", json.dumps({**content, "Statement": bare})), check)
    except Unreadable:
        return Decision.ALLOWED
