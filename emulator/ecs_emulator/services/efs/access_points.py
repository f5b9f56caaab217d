"""Access points: user and folder of the clients that mount a file system through one (EFS API reference)."""

from __future__ import annotations

import re
from typing import Any

from moto.efs.exceptions import FileSystemNotFound
from moto.efs.models import AccessPoint, EFSBackend

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.efs.file_systems import available, settle, state

_NEVER = float("inf")
_PATH = re.compile(r"/|(/(?!\.)+[^$#<>;`|&?{}^*/\n]+){1,4}")
"""The API's model, Path: at most four folders."""


@wrap(EFSBackend, "create_access_point")
def create_access_point(
    original: Any,
    self: Any,
    client_token: str,
    tags: Any,
    file_system_id: str,
    posix_user: Any,
    root_directory: Any,
) -> Any:
    """CreateAccessPoint: refuse a wrong path, a token of another one, and a file system that is not available."""
    settle_points(self)
    path = (root_directory or {}).get("Path") or "/"
    if len(path) > 100 or not _PATH.fullmatch(path):
        refuse(
            "ValidationException",
            f"1 validation error detected: Value '{path}' at 'rootDirectory.path' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: ^(\\/|(\\/(?!\\.)+[^$#<>;`|&?{}^*/\\n]+){1,4})$",
        )
    available(self, file_system_id)
    for one in self.access_points.values():
        # as the model says of AccessPointAlreadyExists
        if one.client_token == client_token:
            refuse(
                "AccessPointAlreadyExists",
                f"Access point already exists with client token {client_token}",
                AccessPointId=one.access_point_id,
            )
    made = original(self, client_token, tags, file_system_id, posix_user, root_directory)
    made._ready_at, made._gone_at = later(durations.ACCESS_POINT_CREATE), _NEVER
    return made


@wrap(AccessPoint, "info_json")
def info_json(original: Any, self: Any) -> Any:
    """Show the present state, and no member that was not set."""
    shown = original(self) | {"LifeCycleState": state(self)}
    return {name: value for name, value in shown.items() if value is not None}


def settle_points(efs: Any) -> None:
    """Forget the access points whose deletion is complete."""
    settle(efs)
    for name, one in list(efs.access_points.items()):
        if passed(getattr(one, "_gone_at", _NEVER)):
            del efs.access_points[name]


@wrap(EFSBackend, "describe_access_points")
def describe_access_points(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeAccessPoints: list one in deletion until it is gone; refuse a file system that is missing."""
    settle_points(self)
    system = kwargs.get("file_system_id", args[1] if len(args) > 1 else None)
    if system and system not in self.file_systems_by_id:
        raise FileSystemNotFound(system)
    return original(self, *args, **kwargs)


@wrap(EFSBackend, "delete_access_point")
def delete_access_point(original: Any, self: Any, access_point_id: str) -> None:
    """DeleteAccessPoint: refuse a missing access point; then show `deleting`."""
    settle_points(self)
    found = self.access_points.get(access_point_id)
    if found is None:
        refuse("AccessPointNotFound", f"Access point '{access_point_id}' does not exist.")
    if state(found) != "deleting":
        found._gone_at = later(durations.ACCESS_POINT_DELETE)
