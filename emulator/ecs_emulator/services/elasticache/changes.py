"""Changes of replication groups: settings, the token, and the number of replicas. Each needs an available group."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.elasticache.responses import ElastiCacheResponse

from ecs_emulator import durations
from ecs_emulator.clock import later
from ecs_emulator.patch import add, refuse, replace
from ecs_emulator.services.elasticache.groups import check_parameter_group
from ecs_emulator.services.elasticache.replication_groups import change_token, check_failover, check_security_groups

_SETTINGS = {
    "ReplicationGroupDescription": "description",
    "CacheNodeType": "cache_node_type",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "SecurityGroupIds": "security_group_ids",
}


def _asked(value: Any, before: str) -> bool:
    """Return a switch of a request, by default as it stands."""
    return before == "enabled" if value is None else str(value).lower() == "true"


def _regroup(cache: Any, group: Any, wanted: list[str]) -> None:
    """Give the interfaces of a group's nodes other security groups."""
    check_security_groups(cache, cache.describe_cache_subnet_groups(group.cache_subnet_group_name)[0], wanted)
    ec2 = ec2_backends[cache.account_id][cache.region_name]
    for node in group.nodes:
        ec2.enis[node.interface]._group_set = [ec2.get_security_group_from_id(one) for one in wanted]


@replace(ElastiCacheResponse, "modify_replication_group")
def modify_replication_group(self: Any) -> ActionResult:
    """ModifyReplicationGroup: check the changes as at creation; then show `modifying`."""
    cache, asked = self.elasticache_backend, self._get_params()
    group = cache.available_group(asked["ReplicationGroupId"], "modified")
    failover = _asked(asked.get("AutomaticFailoverEnabled"), group.automatic_failover)
    zones = _asked(asked.get("MultiAZEnabled"), group.multi_az)
    check_failover(nodes=len(group.nodes), failover=failover, zones=zones)
    check_parameter_group(cache, asked.get("CacheParameterGroupName"), group.engine)
    if asked.get("AuthToken") is None and asked.get("AuthTokenUpdateStrategy") in ("ROTATE", "SET"):
        refuse("InvalidParameterCombination", "AuthTokenUpdateStrategy must be specified with AuthToken.")
    if token := asked.get("AuthToken"):
        change_token(group, token, asked.get("AuthTokenUpdateStrategy") or "ROTATE")
    else:
        group.rotation = ""
    if wanted := asked.get("SecurityGroupIds"):
        _regroup(cache, group, wanted)
    for member, attribute in _SETTINGS.items():
        if asked.get(member):
            setattr(group, attribute, asked[member])
    if asked.get("SnapshotRetentionLimit") is not None:
        group.snapshot_retention_limit = int(asked["SnapshotRetentionLimit"])
    group.automatic_failover = "enabled" if failover else "disabled"
    group.multi_az = "enabled" if zones else "disabled"
    lasts = durations.CACHE_RESIZE if asked.get("CacheNodeType") else durations.CACHE_CHANGE
    group.changed_at = later(lasts)
    return ActionResult({"ReplicationGroup": group})


def _resized(response: Any, doing: str) -> tuple[Any, int, int]:
    """Return the group of a request, and its replicas before and afterwards."""
    asked = response._get_params()
    if str(asked.get("ApplyImmediately")).lower() != "true":
        refuse("InvalidParameterValue", "ApplyImmediately must be true.")
    group = response.elasticache_backend.available_group(asked["ReplicationGroupId"], doing)
    return group, len(group.nodes) - 1, int(asked["NewReplicaCount"])


@add(ElastiCacheResponse, "increase_replica_count")
def increase_replica_count(self: Any) -> ActionResult:
    """IncreaseReplicaCount: add replicas, five at the most; refuse a number that adds none."""
    group, before, wanted = _resized(self, "increased")
    if wanted <= before:
        refuse("NoOperationFault", f"The replication group has {before} replicas already.")
    if wanted > 5:
        refuse("InvalidParameterValue", "A node group can have at most 5 replicas.")
    self.elasticache_backend.resize(group, wanted + 1)
    group.changed_at = later(durations.CACHE_REPLICA_CREATE)
    return ActionResult({"ReplicationGroup": group})


@add(ElastiCacheResponse, "decrease_replica_count")
def decrease_replica_count(self: Any) -> ActionResult:
    """DecreaseReplicaCount: remove replicas; with Multi-AZ one has to stay."""
    group, before, wanted = _resized(self, "decreased")
    if wanted >= before:
        refuse("NoOperationFault", f"The replication group has {before} replicas, not more than {wanted}.")
    if wanted == 0 and "enabled" in (group.multi_az, group.automatic_failover):
        refuse(
            "InvalidParameterCombination",
            "The last replica cannot be removed while Multi-AZ or automatic failover is enabled.",
        )
    self.elasticache_backend.resize(group, wanted + 1)
    group.changed_at = later(durations.CACHE_REPLICA_DELETE)
    return ActionResult({"ReplicationGroup": group})
