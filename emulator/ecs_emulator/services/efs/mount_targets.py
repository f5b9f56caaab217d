"""Mount targets: one for each zone, their interfaces and states (EFS API reference, CreateMountTarget)."""

from __future__ import annotations

import secrets
from typing import Any

from moto.ec2.models import ec2_backends
from moto.efs.exceptions import MountTargetNotFound
from moto.efs.models import EFSBackend, MountTarget

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.ec2.interfaces import ManagedInterface, remove
from ecs_emulator.services.efs import texts
from ecs_emulator.services.efs.file_systems import available, settle, state

_NEVER = float("inf")
_MOST_GROUPS = 5


@wrap(EFSBackend, "create_mount_target")
def create_mount_target(
    original: Any,
    self: Any,
    file_system_id: str,
    subnet_id: str,
    ip_address: str | None = None,
    security_groups: list[str] | None = None,
) -> Any:
    """CreateMountTarget: refuse a file system that is not available; start as `creating`, with its interface.

    EFS makes the interface, which nobody else may delete (API reference: `requesterManaged`).
    """
    self.settle_targets()
    available(self, file_system_id)
    if len(security_groups or ()) > _MOST_GROUPS:
        refuse("SecurityGroupLimitExceeded", texts.MANY_GROUPS)
    made = original(self, file_system_id, subnet_id, ip_address, security_groups)
    made._ready_at, made._gone_at = later(durations.MOUNT_TARGET_CREATE), _NEVER
    interface = self.ec2_backend.enis[made.network_interface_id]
    interface.__class__ = ManagedInterface
    interface.requester_managed, interface.requester_id, interface.status = True, "EFS", "in-use"
    interface.description = f"Mount target {made.mount_target_id} for file system {file_system_id}"
    interface.attachment_id = f"ela-attach-{secrets.token_hex(9)[:17]}"
    made.security_groups = [group.id for group in interface.group_set]
    return made


@wrap(MountTarget, "info_json")
def info_json(original: Any, self: Any) -> Any:
    """Show the present state, without the groups, which another call shows."""
    shown = original(self) | {"LifeCycleState": state(self)}
    shown.pop("SecurityGroups", None)
    return shown


@add(EFSBackend, "settle_targets")
def settle_targets(self: Any) -> None:
    """Forget the mount targets, and their interfaces, whose deletion is complete."""
    settle(self)
    ec2 = ec2_backends[self.account_id][self.region_name]
    for name, one in list(self.mount_targets_by_id.items()):
        if passed(getattr(one, "_gone_at", _NEVER)):
            del self.mount_targets_by_id[name]
            one._file_system.remove_mount_target(one._subnet)
            if interface := ec2.enis.get(one.network_interface_id):
                remove(ec2, interface)


@replace(EFSBackend, "delete_mount_target")
def delete_mount_target(self: Any, mount_target_id: str) -> None:
    """DeleteMountTarget: show `deleting` until the interface is gone, too."""
    self.settle_targets()
    found = self.mount_targets_by_id.get(mount_target_id)
    if found is None:
        raise MountTargetNotFound(mount_target_id)
    if state(found) != "deleting":
        found._gone_at = later(durations.MOUNT_TARGET_DELETE)
        self.ec2_backend.enis[found.network_interface_id].gone_at = found._gone_at


@wrap(EFSBackend, "describe_mount_targets")
def describe_mount_targets(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeMountTargets: list a mount target in deletion until it is gone."""
    self.settle_targets()
    return original(self, *args, **kwargs)


@wrap(EFSBackend, "describe_file_systems")
def describe_file_systems(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeFileSystems: count the mount targets that are there now."""
    self.settle_targets()
    return original(self, *args, **kwargs)


@wrap(EFSBackend, "describe_mount_target_security_groups")
def describe_groups(original: Any, self: Any, mount_target_id: str) -> Any:
    """DescribeMountTargetSecurityGroups: refuse while the mount target is not available."""
    _standing(self, mount_target_id)
    return original(self, mount_target_id)


@wrap(EFSBackend, "modify_mount_target_security_groups")
def modify_groups(original: Any, self: Any, mount_target_id: str, security_groups: list[str]) -> None:
    """ModifyMountTargetSecurityGroups: refuse missing groups, more than five, and a mount target in deletion."""
    _standing(self, mount_target_id)
    if len(security_groups) > _MOST_GROUPS:
        refuse("SecurityGroupLimitExceeded", texts.MANY_GROUPS)
    for group in security_groups:
        if self.ec2_backend.get_security_group_from_id(group) is None:
            refuse("SecurityGroupNotFound", f"The SecurityGroup ID '{group}' does not exist")
    original(self, mount_target_id, security_groups)


def _standing(efs: Any, name: str) -> None:
    """Refuse a mount target that is missing, or "not in the correct state" (model, IncorrectMountTargetState)."""
    efs.settle_targets()
    found = efs.mount_targets_by_id.get(name)
    if found is None:
        raise MountTargetNotFound(name)
    if (shown := state(found)) != "available":
        refuse("IncorrectMountTargetState", f"Mount target '{name}' is {shown}.")
