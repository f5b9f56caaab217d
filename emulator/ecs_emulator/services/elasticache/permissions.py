"""Permissions of ElastiCache, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.kms.permissions import used

_NAMED: Mapping[str, str] = {
    "ReplicationGroupId": "replicationgroup",
    "CacheSubnetGroupName": "subnetgroup",
    "CacheParameterGroupName": "parametergroup",
    "FinalSnapshotIdentifier": "snapshot",
    "SnapshotName": "snapshot",
}
_LISTS: Mapping[str, str] = {
    "DescribeCacheClusters": "cluster",
    "DescribeCacheParameterGroups": "parametergroup",
    "DescribeCacheSubnetGroups": "subnetgroup",
    "DescribeReplicationGroups": "replicationgroup",
    "DescribeSnapshots": "snapshot",
}
_CREATED: Mapping[str, str] = {
    "CreateCacheParameterGroup": "CacheParameterGroupName",
    "CreateCacheSubnetGroup": "CacheSubnetGroupName",
    "CreateReplicationGroup": "ReplicationGroupId",
}
_KEY = ("DescribeKey", "CreateGrant", "Decrypt")
"""Actions on a key that CreateReplicationGroup checks (ElastiCache guide, at-rest encryption)."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to ElastiCache."""
    operation, brought = call.operation, call.tags()
    named = {name: call.arn(f"{sort}:{call.text(name)}") for name, sort in _NAMED.items() if call.text(name)}
    if operation in _CREATED:
        for name, arn in named.items():
            new = name == _CREATED[operation]
            yield call.check(arn, requested(brought)) if new else call.existing(arn, requested(brought))
        if brought:
            yield call.check(named[_CREATED[operation]], requested(brought), "elasticache:AddTagsToResource")
        yield from used(call, call.text("KmsKeyId"), "elasticache", _KEY, {})
    elif arn := call.text("ResourceName"):
        yield call.existing(arn, requested(brought))
    elif operation in _LISTS and not named:
        yield call.check(call.arn(f"{_LISTS[operation]}:*"))
    elif operation == "DeleteReplicationGroup":
        yield from _deletion(call, named)
    else:
        for arn in named.values() or ("*",):
            yield call.existing(arn) if named else call.check()


def _deletion(call: ApiCall, named: Mapping[str, str]) -> Iterator[Check]:
    """Yield the checks of a deletion: a final snapshot needs CreateSnapshot (DeleteReplicationGroup)."""
    group, snapshot = named["ReplicationGroupId"], named.get("FinalSnapshotIdentifier")
    yield call.existing(group)
    if snapshot:
        yield call.check(snapshot)
        yield call.existing(group, action="elasticache:CreateSnapshot")
        yield call.check(snapshot, action="elasticache:CreateSnapshot")
