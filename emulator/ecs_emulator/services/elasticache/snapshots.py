"""Snapshots of replication groups: their states, and the checks of a group that is made of one."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.elasticache.models import ElastiCacheBackend, Snapshot

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.elasticache import texts


@wrap(ElastiCacheBackend, "create_snapshot")
def create_snapshot(
    original: Any, self: Any, snapshot_name: str, replication_group_id: str | None, *args: Any, **kwargs: Any
) -> Any:
    """CreateSnapshot: refuse a group that is not available; show `creating` first, and the time of its data."""
    if replication_group_id:
        self.available_group(replication_group_id, "backed up")
    snapshot = original(self, snapshot_name, replication_group_id, *args, **kwargs)
    snapshot.ready_at = later(durations.DB_SNAPSHOT_CREATE)
    snapshot.node_snapshots = [{"SnapshotCreateTime": utcnow()}]
    return snapshot


@wrap(ElastiCacheBackend, "describe_snapshots")
def describe_snapshots(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeSnapshots: refuse a source that is none (SnapshotSource: `system` or `user`)."""
    source = kwargs.get("snapshot_source")
    if source not in (None, "system", "user"):
        refuse("InvalidParameterValue", f"SnapshotSource must be system or user, not {source}.")
    return original(self, *args, **kwargs)


def check_restorable(cache: Any, name: str, engine: str, version: str | None) -> Any:
    """Return a snapshot for a new group; refuse an unknown, unready or unfit one.

    Sources: Snapshot, SnapshotStatus; CreateReplicationGroup, EngineVersion (no earlier version of the data);
    ElastiCache guide, "Upgrading engine versions" (from Redis OSS to Valkey, and not back).
    """
    snapshot = cache.snapshots.get(name)
    if snapshot is None:
        refuse("SnapshotNotFoundFault", texts.NO_SNAPSHOT.format(name))
    if snapshot.snapshot_status != "available":
        refuse("InvalidSnapshotState", texts.SNAPSHOT_IN_STATE.format(name, snapshot.snapshot_status))
    if (snapshot.engine, engine) == ("valkey", "redis"):
        refuse("InvalidParameterCombination", texts.OTHER_ENGINE.format(engine, snapshot.engine))
    if snapshot.engine == engine and version and _older(version, snapshot.engine_version or ""):
        refuse("InvalidParameterCombination", texts.OLDER_VERSION.format(version, snapshot.engine_version))
    return snapshot


def _older(version: str, than: str) -> bool:
    """Return whether a version is older than another one, as far as both are given."""
    pairs = zip(version.split("."), than.split("."), strict=False)
    differing = ((one, other) for one, other in pairs if one != other and one.isdigit() and other.isdigit())
    return next((int(one) < int(other) for one, other in differing), False)


def _status(self: Any) -> str:
    """Return a snapshot's present status; it is `restoring` while a group is made of it (SnapshotName)."""
    if not passed(getattr(self, "ready_at", 0.0)):
        return "creating"
    return "available" if passed(getattr(self, "restored_at", 0.0)) else "restoring"


def _set_status(self: Any, value: str) -> None:
    """Ignore moto's value: it follows from the times."""


replace(Snapshot, "snapshot_status")(property(_status, _set_status))


@wrap(ElastiCacheBackend, "delete_snapshot")
def delete_snapshot(original: Any, self: Any, snapshot_name: str) -> Any:
    """DeleteSnapshot: refuse a snapshot that is being made, or that a group is made of."""
    snapshot = self.snapshots.get(snapshot_name)
    if snapshot is not None and snapshot.snapshot_status != "available":
        refuse("InvalidSnapshotState", texts.SNAPSHOT_IN_STATE.format(snapshot_name, snapshot.snapshot_status))
    return original(self, snapshot_name)
