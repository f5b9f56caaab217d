"""The nodes of replication groups, which moto does not have: one interface each, listed by DescribeCacheClusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.core.responses import PaginatedResult
from moto.ec2.models import ec2_backends
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from ecs_emulator.patch import add, refuse, replace
from ecs_emulator.services.ec2.interfaces import create_interface, remove


@dataclass(frozen=True)
class Node:
    """A node: its name, its subnet, and its interface there."""

    name: str
    subnet: str
    interface: str


@add(ElastiCacheBackend, "resize")
def resize(self: Any, group: Any, number: int) -> None:
    """Give a group as many nodes; new ones are placed in the subnets in turn, and the newest go first."""
    ec2 = ec2_backends[self.account_id][self.region_name]
    while len(group.nodes) < number:
        group.number += 1
        subnet = ec2.get_subnet(group.subnets[len(group.nodes) % len(group.subnets)])
        name = f"{group.replication_group_id}-{group.number:03}"
        made = create_interface(
            ec2, subnet, group.security_group_ids or [], f"ElastiCache {name}", "amazon-elasticache"
        )
        group.nodes.append(Node(name, subnet.id, made.id))
    while len(group.nodes) > number:
        if interface := ec2.enis.get(group.nodes.pop().interface):
            remove(ec2, interface)
    group.member_clusters = [node.name for node in group.nodes]


def _shown(group: Any, node: Node) -> dict[str, Any]:
    """Return a node with the settings that the group itself does not show (ReplicationGroup, its members)."""
    return {
        "CacheClusterId": node.name,
        "ReplicationGroupId": group.replication_group_id,
        "CacheClusterStatus": group.status,
        "CacheNodeType": group.cache_node_type,
        "NumCacheNodes": 1,
        "Engine": group.engine,
        "EngineVersion": group.engine_version,
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "CacheParameterGroup": {
            "CacheParameterGroupName": group.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
        },
        "SecurityGroups": [{"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids or []],
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
    }


@replace(ElastiCacheResponse, "describe_cache_clusters")
def describe_cache_clusters(self: Any) -> PaginatedResult:
    """DescribeCacheClusters: list the nodes of all replication groups, or the named node."""
    cache, name = self.elasticache_backend, self._get_params().get("CacheClusterId")
    cache.settle()
    groups = cache.replication_groups.values()
    found = [_shown(group, node) for group in groups for node in group.nodes if name in (None, node.name)]
    if name and not found:
        refuse("CacheClusterNotFound", f"CacheCluster not found: {name}")
    return PaginatedResult({"CacheClusters": found})
