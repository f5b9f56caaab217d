"""Snapshots of Aurora clusters, and clusters that are made of them."""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBClusterSnapshot, RDSBackend

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.rds import texts
from ecs_emulator.services.rds.clusters import check_available, check_identifier, find


@add(RDSBackend, "take_cluster_snapshot")
def take_cluster_snapshot(self: Any, cluster: Any, name: str, tags: Any = None) -> Any:
    """Create a cluster's snapshot, first as `creating`, with the cluster's tags; refuse a used name in any case."""
    name = name.lower()
    if name in self.cluster_snapshots:
        refuse(
            "DBClusterSnapshotAlreadyExistsFault",
            f"Cannot create the cluster snapshot because one with the identifier {name} already exists.",
        )
    snapshot: Any = _moto_create_snapshot(self, cluster.db_cluster_identifier, name, "manual", tags)
    # a copy: later changes of the cluster's tags must not reach the snapshot
    snapshot.tags, snapshot.ready_at = list(snapshot.tags), later(durations.DB_SNAPSHOT_CREATE)
    return snapshot


_moto_create_snapshot = RDSBackend.create_db_cluster_snapshot


@wrap(RDSBackend, "create_db_cluster_snapshot")
def create_db_cluster_snapshot(
    original: Any,
    self: Any,
    db_cluster_identifier: str,
    db_cluster_snapshot_identifier: str,
    snapshot_type: str = "manual",
    tags: Any = None,
) -> Any:
    """CreateDBClusterSnapshot: refuse unless the cluster is available, and names over 63 characters."""
    if snapshot_type != "manual":
        return original(self, db_cluster_identifier, db_cluster_snapshot_identifier, snapshot_type, tags)
    check_identifier("DBClusterSnapshotIdentifier", db_cluster_snapshot_identifier)
    cluster = find(self, db_cluster_identifier)
    check_available(cluster)
    return self.take_cluster_snapshot(cluster, db_cluster_snapshot_identifier, tags)


@wrap(RDSBackend, "restore_db_cluster_from_snapshot")
def restore_db_cluster_from_snapshot(original: Any, self: Any, from_snapshot_id: str, overrides: Any) -> Any:
    """RestoreDBClusterFromSnapshot: refuse another engine, and a snapshot that is being made; show only given names.

    User, password, backups and encryption are the snapshot's. Protection is off unless the call asks for it (RDS API,
    RestoreDBClusterFromSnapshot). Snapshots of others are given by ARN.
    """
    name = from_snapshot_id.rpartition(":")[2].lower()
    snapshot = self.cluster_snapshots.get(name)
    if snapshot is None:
        refuse("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {from_snapshot_id} not found.")
    if snapshot.status != "available":
        refuse("InvalidDBClusterSnapshotStateFault", texts.SNAPSHOT_IN_STATE.format(name, snapshot.status))
    if overrides.get("engine") not in (None, snapshot.cluster.engine):
        refuse(
            "InvalidParameterValue",
            f"The engine {overrides['engine']} can't restore a snapshot of the engine {snapshot.cluster.engine}.",
        )
    cluster = original(self, name, overrides)
    cluster.database_name = overrides.get("database_name")
    cluster.deletion_protection = bool(overrides.get("deletion_protection"))
    cluster.storage_encrypted = bool(snapshot.cluster.storage_encrypted or overrides.get("kms_key_id"))
    cluster.restored_from = snapshot.arn
    return cluster


def _snapshot_status(self: Any) -> str:
    """Return a snapshot's present status."""
    return "available" if passed(getattr(self, "ready_at", 0)) else "creating"


replace(DBClusterSnapshot, "status")(property(_snapshot_status, lambda self, value: None))


@wrap(RDSBackend, "delete_db_cluster_snapshot")
def delete_db_cluster_snapshot(original: Any, self: Any, db_snapshot_identifier: str) -> Any:
    """DeleteDBClusterSnapshot: refuse unless the snapshot is available."""
    snapshot = self.cluster_snapshots.get(db_snapshot_identifier)
    if snapshot is not None and snapshot.status != "available":
        refuse(
            "InvalidDBClusterSnapshotStateFault",
            texts.SNAPSHOT_IN_STATE.format(db_snapshot_identifier, snapshot.status),
        )
    return original(self, db_snapshot_identifier)
