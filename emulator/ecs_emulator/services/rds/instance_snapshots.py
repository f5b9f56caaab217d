"""Snapshots of instances without a cluster, and instances that are made of them."""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBSnapshot, RDSBackend

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.rds import texts
from ecs_emulator.services.rds.singles import is_single

_KEPT = (
    *("engine", "engine_version", "db_instance_class", "allocated_storage", "storage_type", "master_username", "port"),
    "storage_encrypted",
)
"""Settings that an instance has by its snapshot unless the call names them, where it can."""


@wrap(RDSBackend, "create_db_snapshot")
def create_db_snapshot(
    original: Any, self: Any, db_instance_identifier: str, db_snapshot_identifier: str, *args: Any, **kwargs: Any
) -> Any:
    """CreateDBSnapshot: refuse unless the instance is available; show `creating` first."""
    database = self.databases.get(db_instance_identifier)
    automatic = "automated" in (*args, kwargs.get("snapshot_type"))
    single = database is not None and is_single(database) and not automatic
    if single and database.status not in ("available", "stopped", "storage-optimization", "backing-up"):
        refuse("InvalidDBInstanceState", texts.NO_SNAPSHOT_OF.format(db_instance_identifier))
    snapshot = original(self, db_instance_identifier, db_snapshot_identifier, *args, **kwargs)
    if single:
        # a copy: later changes of the instance's tags must not reach the snapshot
        snapshot.tags, snapshot.ready_at = list(snapshot.tags), later(durations.DB_SNAPSHOT_CREATE)
    return snapshot


@wrap(RDSBackend, "restore_db_instance_from_db_snapshot")
def restore_db_instance_from_db_snapshot(original: Any, self: Any, from_snapshot_id: str, overrides: Any) -> Any:
    """RestoreDBInstanceFromDBSnapshot: refuse another engine, less storage, and a snapshot that is being made.

    User, password, version and encryption are the snapshot's. Protection is off unless the call asks for it (RDS API,
    RestoreDBInstanceFromDBSnapshot). Snapshots of others are given by ARN.
    """
    snapshot = self.database_snapshots.get(from_snapshot_id.rpartition(":snapshot:")[2].lower())
    if snapshot is None:
        refuse("DBSnapshotNotFound", f"DBSnapshot {from_snapshot_id} not found.")
    source = snapshot.database
    if not is_single(source):
        return original(self, from_snapshot_id, overrides)
    if snapshot.status != "available":
        refuse(
            "InvalidDBSnapshotState",
            f"DB snapshot {snapshot.db_snapshot_identifier} is in {snapshot.status} state.",
        )
    wanted = dict(overrides)
    if wanted.get("engine") not in (None, source.engine):
        refuse(
            "InvalidParameterValue",
            f"The engine {wanted['engine']} can't restore a DB snapshot of the engine {source.engine}.",
        )
    size = wanted.get("allocated_storage")
    if size is not None and int(size) < snapshot.allocated_storage:
        # ministryofjustice/cloud-platform-user-guide#1911
        refuse(
            "InvalidParameterCombination",
            texts.WRONG_STORAGE.format(source.engine, wanted.get("storage_type") or source.storage_type, size),
        )
    if wanted["db_instance_identifier"] in self.databases:
        refuse("DBInstanceAlreadyExists", "DB instance already exists")
    kept = {name: getattr(source, name) for name in _KEPT}
    kept["master_user_password"] = source.__dict__["_master_user_password"]
    if wanted.get("db_name"):
        refuse("InvalidParameterValue", f"DBName must be null when restoring a snapshot of the engine {source.engine}.")
    settings = {**kept, **{name: value for name, value in wanted.items() if value is not None}, "restored": True}
    if settings.get("kms_key_id") is None and snapshot.kms_key_id:
        settings["kms_key_id"] = snapshot.kms_key_id
    settings["db_name"] = source.db_name
    database = self.create_db_instance(settings)
    database.restored_from = snapshot.arn
    return database


def _status(self: Any) -> str:
    """Return a snapshot's present status."""
    return "available" if passed(getattr(self, "ready_at", 0)) else "creating"


replace(DBSnapshot, "status")(property(_status, lambda self, value: None))
