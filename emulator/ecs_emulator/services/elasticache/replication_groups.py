"""Replication groups: their creation, their states, their endpoint, and the checks of tokens and failover."""

from __future__ import annotations

import re
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.ec2.interfaces import remove
from ecs_emulator.services.elasticache import texts
from ecs_emulator.services.elasticache.groups import check_parameter_group
from ecs_emulator.services.elasticache.snapshots import check_restorable

_ID = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,39}(?<!-)")
_TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")
"""CreateReplicationGroup, AuthToken."""
_NODE = re.compile(r"cache\.[a-z0-9]+\.[a-z0-9]+")


def check_token(token: str | None) -> None:
    """Refuse a token with other characters, or not 16 to 128 of them (magenx/Magento-2-aws-cluster-terraform#43)."""
    if token is not None and not _TOKEN.fullmatch(token):
        refuse("InvalidParameterValue", "Invalid AuthToken provided.")


def check_failover(*, nodes: int, failover: bool, zones: bool) -> None:
    """Refuse failover without a replica, and several zones without failover."""
    if failover and nodes < 2:
        refuse(
            "InvalidParameterCombination",
            "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
        )
    if zones and not failover:
        refuse("InvalidParameterCombination", "Must specify automatic failover when Multi-AZ is enabled.")


def check_security_groups(cache: Any, subnet_group: Any, groups: list[str] | None) -> None:
    """Refuse security groups that are not in the VPC of the subnets."""
    ec2 = ec2_backends[cache.account_id][cache.region_name]
    for one in groups or []:
        found = ec2.get_security_group_from_id(one)
        if found is None or found.vpc_id != subnet_group.vpc_id:
            refuse("InvalidParameterValue", f"Some security group Ids in :[{one}] are invalid or in another VPC.")


@wrap(ElastiCacheBackend, "create_replication_group")
def create_replication_group(original: Any, self: Any, replication_group_id: str, *args: Any, **kwargs: Any) -> Any:
    """CreateReplicationGroup: check the settings; then show `creating`, with a node in each subnet in turn."""
    self.settle()
    name = replication_group_id.lower()
    _check(name, kwargs)
    nodes = kwargs["num_cache_clusters"] or 1
    check_failover(
        nodes=nodes, failover=bool(kwargs["automatic_failover_enabled"]), zones=bool(kwargs["multi_az_enabled"])
    )
    subnet_group = self.describe_cache_subnet_groups(kwargs["cache_subnet_group_name"])[0]
    check_security_groups(self, subnet_group, kwargs["security_group_ids"])
    check_parameter_group(self, kwargs["cache_parameter_group_name"], kwargs["engine"] or "redis")
    if name in self.replication_groups:
        refuse("ReplicationGroupAlreadyExists", f"Replication group {name} already exists.")
    engine = kwargs["engine"] or "redis"
    snapshot = (
        check_restorable(self, kwargs["snapshot_name"], engine, kwargs["engine_version"])
        if kwargs.get("snapshot_name")
        else None
    )
    group = original(self, name, *args, **kwargs)
    group.tokens = [kwargs["auth_token"]] if kwargs["auth_token"] else []
    group.rotation, group.ready_at, group.changed_at = "", later(durations.CACHE_CREATE), 0.0
    group.subnets, group.nodes, group.number = [one["subnet_identifier"] for one in subnet_group.subnets], [], 0
    if snapshot:
        snapshot.restored_at = group.ready_at
    self.resize(group, nodes)
    return group


def _check(name: str, asked: dict[str, Any]) -> None:
    """Refuse malformed names, node types that are none, tokens without TLS or with other characters."""
    if not _ID.fullmatch(name):
        refuse(
            "InvalidParameterValue",
            "The parameter ReplicationGroupId must have 1 to 40 letters, digits and hyphens, begin with a letter, and "
            "not end with a hyphen or contain two consecutive hyphens.",
        )
    if not _NODE.fullmatch(asked["cache_node_type"] or ""):
        refuse("InvalidParameterValue", f"Invalid Cache Node Type: {asked['cache_node_type']}.")
    if asked["engine"] == "valkey" and asked["transit_encryption_enabled"] is None:
        refuse("InvalidParameterValue", "TransitEncryptionEnabled must be specified for Valkey.")
    if asked["auth_token"] and not asked["transit_encryption_enabled"]:
        refuse("InvalidParameterCombination", "AuthToken can only be used with TransitEncryptionEnabled.")
    check_token(asked["auth_token"])


def _status(self: Any) -> str:
    """Return a group's present status."""
    if getattr(self, "gone_at", None) is not None:
        return "deleting"
    if not passed(getattr(self, "ready_at", 0.0)):
        return "creating"
    return "available" if passed(getattr(self, "changed_at", 0.0)) else "modifying"


def _set_status(self: Any, value: str) -> None:
    """Ignore moto's value: it follows from the times."""


replace(ReplicationGroup, "status")(property(_status, _set_status))


def _pending(self: Any) -> dict[str, Any]:
    """Return the token's change while it lasts (ReplicationGroupPendingModifiedValues, AuthTokenStatus)."""
    return {"AuthTokenStatus": self.rotation} if self.rotation and self.status == "modifying" else {}


add(ReplicationGroup, "pending_modified_values")(property(_pending))


@add(ElastiCacheBackend, "settle")
def settle(self: Any) -> None:
    """Remove the groups whose deletion is done, with the interfaces of their nodes."""
    ec2 = ec2_backends[self.account_id][self.region_name]
    for name, group in list(self.replication_groups.items()):
        if passed(getattr(group, "gone_at", float("inf"))):
            for node in group.nodes:
                if interface := ec2.enis.get(node.interface):
                    remove(ec2, interface)
            self.tagging_service.delete_all_tags_for_resource(group.arn)
            self.replication_groups.pop(name)


@wrap(ElastiCacheBackend, "describe_replication_groups")
def describe_replication_groups(original: Any, self: Any, replication_group_id: str | None = None) -> Any:
    """DescribeReplicationGroups: show endpoints only once the group has been created."""
    self.settle()
    if replication_group_id and replication_group_id.lower() not in self.replication_groups:
        refuse("ReplicationGroupNotFoundFault", texts.NO_GROUP.format(replication_group_id))
    found = original(self, (replication_group_id or "").lower() or None)
    for group in found:
        for shard in group.node_groups:
            whole = shard.setdefault("kept_endpoint", shard.get("primary_endpoint"))
            shard["primary_endpoint"] = None if group.status == "creating" else whole
    return found


@add(ElastiCacheBackend, "available_group")
def available_group(self: Any, name: str, doing: str) -> Any:
    """Return an available group; refuse a group in creation, change or deletion."""
    group = self.describe_replication_groups(name)[0]
    if group.status != "available":
        refuse(
            "InvalidReplicationGroupState",
            f"Replication group {name} is in {group.status} state and cannot be {doing}.",
        )
    return group


def change_token(group: Any, token: str, strategy: str) -> None:
    """Add a token beside the newest one (ROTATE), or leave it as the only one (SET, after ROTATE).

    Source: ElastiCache guide, "Authenticating with the Valkey and Redis OSS AUTH command".
    """
    check_token(token)
    if strategy == "ROTATE":
        group.tokens, group.rotation = [*group.tokens[-1:], token], "ROTATING"
    elif strategy == "SET":
        if len(group.tokens) < 2:
            refuse("InvalidParameterCombination", "The AUTH token update strategy SET is allowed only after ROTATE.")
        group.tokens, group.rotation = [token], "SETTING"
    else:
        refuse("InvalidParameterValue", f"AuthTokenUpdateStrategy {strategy} is not one of ROTATE, SET, DELETE.")
    group.auth_token_last_modified_date = utcnow()
