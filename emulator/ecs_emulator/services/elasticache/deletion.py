"""The deletion of replication groups, with the final snapshot that it leaves if the call names one."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache.responses import ElastiCacheResponse

from ecs_emulator import durations
from ecs_emulator.clock import later
from ecs_emulator.patch import replace


@replace(ElastiCacheResponse, "delete_replication_group")
def delete_replication_group(self: Any) -> ActionResult:
    """DeleteReplicationGroup: take the final snapshot; then show `deleting`, and list it until it is gone.

    It is deleted after the snapshot is taken (DeleteReplicationGroup, FinalSnapshotIdentifier).
    """
    cache, asked = self.elasticache_backend, self._get_params()
    group = cache.available_group(asked["ReplicationGroupId"], "deleted")
    begins = 0.0
    if name := asked.get("FinalSnapshotIdentifier"):
        tags = cache.tagging_service.list_tags_for_resource(group.arn)["Tags"]
        begins = cache.create_snapshot(name, group.replication_group_id, None, None, tags).ready_at
    group.gone_at = later(durations.CACHE_DELETE, after=begins)
    return ActionResult({"ReplicationGroup": group})
