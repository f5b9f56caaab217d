"""The deletion of replication groups, and the final snapshot that it leaves if the call names one."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache.models import Snapshot
from moto.elasticache.responses import ElastiCacheResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import replace


@replace(ElastiCacheResponse, "delete_replication_group")
def delete_replication_group(self: Any) -> ActionResult:
    """DeleteReplicationGroup: take the final snapshot; then show `deleting`, and list it until it is gone."""
    cache, asked = self.elasticache_backend, self._get_params()
    group = cache.available_group(asked["ReplicationGroupId"], "deleted")
    if name := asked.get("FinalSnapshotIdentifier"):
        tags = cache.tagging_service.list_tags_for_resource(group.arn)["Tags"]
        snapshot = cache.create_snapshot(name, group.replication_group_id, None, None, tags)
        snapshot.ready_at = later(durations.DB_SNAPSHOT_CREATE)
    group.gone_at = later(durations.CACHE_DELETE)
    return ActionResult({"ReplicationGroup": group})


def _snapshot_status(self: Any) -> str:
    """Return a snapshot's present status."""
    return "available" if passed(getattr(self, "ready_at", 0.0)) else "creating"


def _set_snapshot_status(self: Any, value: str) -> None:
    """Ignore moto's value: it follows from the time."""


replace(Snapshot, "snapshot_status")(property(_snapshot_status, _set_snapshot_status))
