"""File systems: their states, settings and deletion (EFS API reference)."""

from __future__ import annotations

import json
from typing import Any

from moto.efs.exceptions import FileSystemNotFound
from moto.efs.models import EFSBackend, FileSystem
from moto.efs.responses import EFSResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.efs import texts

_NEVER = float("inf")
_AFTER = (1, 7, 14, 30, 60, 90, 180, 270, 365)
_TO_IA = {f"AFTER_{days}_DAY{'S' if days > 1 else ''}" for days in _AFTER}
_TRANSITIONS = {
    "TransitionToIA": _TO_IA,
    "TransitionToArchive": _TO_IA,
    "TransitionToPrimaryStorageClass": {"AFTER_1_ACCESS"},
}
"""The values of the API's model, LifecyclePolicy."""


@wrap(EFSBackend, "create_file_system")
def create_file_system(original: Any, self: Any, creation_token: str, *args: Any, **kwargs: Any) -> Any:
    """CreateFileSystem: start as `creating`; refuse a token that is in use, with the id of its file system."""
    settle(self)
    for one in self.file_systems_by_id.values():
        if one.creation_token == creation_token:
            refuse(
                "FileSystemAlreadyExists",
                f"File system '{one.file_system_id}' already exists with creation token '{creation_token}'",
                FileSystemId=one.file_system_id,
            )
    made = original(self, creation_token, *args, **kwargs)
    made._ready_at, made._gone_at = later(durations.FILE_SYSTEM_CREATE), _NEVER
    return made


def state(one: Any) -> str:
    """Return a file system's, mount target's or access point's present state."""
    if getattr(one, "_gone_at", _NEVER) < _NEVER:
        return "deleting"
    return "available" if passed(getattr(one, "_ready_at", 0.0)) else "creating"


def settle(efs: Any) -> None:
    """Forget the file systems whose deletion is complete."""
    for name, one in list(efs.file_systems_by_id.items()):
        if passed(getattr(one, "_gone_at", _NEVER)):
            del efs.file_systems_by_id[name]
            efs.creation_tokens.discard(one.creation_token)
            for point in [each for each in efs.access_points.values() if each.file_system_id == name]:
                del efs.access_points[point.access_point_id]


def available(efs: Any, name: str) -> Any:
    """Return a file system; refuse a missing one, and one in another state than available."""
    settle(efs)
    found = efs.file_systems_by_id.get(name)
    if found is None:
        raise FileSystemNotFound(name)
    if (shown := state(found)) != "available":
        refuse("IncorrectFileSystemLifeCycleState", texts.NOT_AVAILABLE.format(name, shown))
    return found


@wrap(FileSystem, "info_json")
def info_json(original: Any, self: Any) -> Any:
    """Show the present state, and nothing that other calls show."""
    shown = original(self) | {"LifeCycleState": state(self)}
    for member in ("LifecyclePolicies", "FileSystemPolicy"):
        shown.pop(member, None)
    return {name: value for name, value in shown.items() if value is not None}


@wrap(EFSBackend, "describe_file_systems")
def describe_file_systems(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeFileSystems: list a file system in deletion until it is gone."""
    settle(self)
    return original(self, *args, **kwargs)


@wrap(EFSBackend, "delete_file_system")
def delete_file_system(original: Any, self: Any, file_system_id: str) -> None:
    """DeleteFileSystem: refuse one with mount targets, also with ones in deletion; then show `deleting`.

    Its access points go with it (EFS user guide, "Deleting file systems"; API reference, DeleteFileSystem).
    """
    settle(self)
    found = self.file_systems_by_id.get(file_system_id)
    if found is None:
        raise FileSystemNotFound(file_system_id)
    self.settle_targets()
    if found.number_of_mount_targets:
        refuse("FileSystemInUse", f"File system '{file_system_id}' has mount targets created in it.")
    if state(found) != "deleting":
        found._gone_at = later(durations.FILE_SYSTEM_DELETE)


@wrap(EFSBackend, "put_lifecycle_configuration")
def put_lifecycle_configuration(original: Any, self: Any, file_system_id: str, policies: Any) -> None:
    """PutLifecycleConfiguration: refuse other values, several transitions in one policy, and a wrong state."""
    available(self, file_system_id)
    for policy in policies:
        if len(policy) != 1:
            refuse("BadRequest", texts.WRONG_LIFECYCLE)
        for name, value in policy.items():
            if value not in _TRANSITIONS.get(name, ()):
                refuse("BadRequest", texts.WRONG_LIFECYCLE)
    original(self, file_system_id, policies)


@replace(EFSBackend, "describe_backup_policy")
def describe_backup_policy(self: Any, file_system_id: str) -> dict[str, str]:
    """DescribeBackupPolicy: refuse a file system without one (PolicyNotFound)."""
    settle(self)
    found = self.file_systems_by_id.get(file_system_id)
    if found is None:
        raise FileSystemNotFound(file_system_id)
    status = getattr(found, "_backup_status", "ENABLED" if found._backup else "")
    if not status:
        refuse("PolicyNotFound", "No backup policy exists for this file system.")
    return {"Status": status}


@add(EFSResponse, "put_backup_policy")
def put_backup_policy(self: Any) -> Any:
    """PutBackupPolicy: switch automatic backups on or off."""
    found = available(self.efs_backend, self._get_param("FileSystemId"))
    status = (self._get_param("BackupPolicy") or {}).get("Status")
    if status not in ("ENABLED", "DISABLED"):
        refuse("ValidationException", "BackupPolicy.Status: use ENABLED or DISABLED")
    found._backup_status = status
    return json.dumps({"BackupPolicy": {"Status": status}}), {"Content-Type": "application/json"}


@add(EFSResponse, "update_file_system")
def update_file_system(self: Any) -> Any:
    """UpdateFileSystem: change the throughput."""
    found = available(self.efs_backend, self._get_param("FileSystemId"))
    found.throughput_mode = self._get_param("ThroughputMode") or found.throughput_mode
    if provisioned := self._get_param("ProvisionedThroughputInMibps"):
        found.provisioned_throughput_in_mibps = provisioned
    return json.dumps(found.info_json()), {"status": 202, "Content-Type": "application/json"}


@wrap(EFSBackend, "put_file_system_policy")
def put_file_system_policy(
    original: Any, self: Any, file_system_id: str, policy: str, *args: Any, **kwargs: Any
) -> None:
    """PutFileSystemPolicy: refuse a wrong state, and a text without statements; show the file system in each.

    Without a `Resource` a statement is about the file system (EFS user guide, "Creating file system policies").
    """
    found = available(self, file_system_id)
    try:
        document = json.loads(policy)
        statements = document["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        whole = [{**one, "Resource": one.get("Resource", found.file_system_arn)} for one in statements]
    except (ValueError, TypeError, KeyError):
        refuse("InvalidPolicyException", "The policy contains invalid JSON or lacks statements.")
    original(self, file_system_id, json.dumps({**document, "Statement": whole}), *args, **kwargs)


@wrap(EFSBackend, "describe_file_system_policy")
def describe_file_system_policy(original: Any, self: Any, file_system_id: str) -> Any:
    """DescribeFileSystemPolicy: refuse a file system that is not there."""
    if file_system_id not in self.file_systems_by_id:
        raise FileSystemNotFound(file_system_id)
    return original(self, file_system_id)
