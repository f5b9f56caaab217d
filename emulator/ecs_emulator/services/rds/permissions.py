"""Permissions of RDS, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.kms.permissions import used

_RDS: Mapping[str, str] = {
    "DBClusterIdentifier": "cluster",
    "DBClusterParameterGroupName": "cluster-pg",
    "DBInstanceIdentifier": "db",
    "DBParameterGroupName": "pg",
    "DBSnapshotIdentifier": "snapshot",
    "DBSubnetGroupName": "subgrp",
    "FinalDBSnapshotIdentifier": "cluster-snapshot",
    "SnapshotIdentifier": "cluster-snapshot",
}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "DescribeDBClusterParameterGroups": ("cluster-pg",),
    "DescribeDBClusterSnapshots": ("cluster", "cluster-snapshot"),
    "DescribeDBClusters": ("cluster",),
    "DescribeDBInstances": ("db",),
    "DescribeDBParameterGroups": ("pg",),
    "DescribeDBSnapshots": ("db", "snapshot"),
    "DescribeDBSubnetGroups": ("subgrp",),
}
_CREATED: Mapping[str, str] = {
    "CreateDBCluster": "DBClusterIdentifier",
    "CreateDBClusterParameterGroup": "DBClusterParameterGroupName",
    "CreateDBInstance": "DBInstanceIdentifier",
    "CreateDBParameterGroup": "DBParameterGroupName",
    "CreateDBSubnetGroup": "DBSubnetGroupName",
    "RestoreDBClusterFromSnapshot": "DBClusterIdentifier",
    "RestoreDBInstanceFromDBSnapshot": "DBInstanceIdentifier",
}
_KEY = ("DescribeKey", "CreateGrant", "Decrypt", "GenerateDataKey")
"""Actions on a key that CreateDBCluster and its like check (Service Authorization Reference, dependent actions)."""


_ENCRYPTED = ("CreateDBCluster", "RestoreDBClusterFromSnapshot", "RestoreDBInstanceFromDBSnapshot")


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to RDS."""
    operation, brought = call.operation, call.tags()
    named = {name: _arn(call, sort, call.text(name)) for name, sort in _RDS.items() if call.text(name)}
    if operation == "DeleteDBInstance" and (final := call.text("FinalDBSnapshotIdentifier")):
        named["FinalDBSnapshotIdentifier"] = call.arn(f"snapshot:{final}")
    if operation in _CREATED:
        for name, arn in named.items():
            new = name == _CREATED[operation]
            yield call.check(arn, requested(brought)) if new else call.existing(arn, requested(brought))
        yield from _defaults(call)
        if brought:
            yield call.check(named.get(_CREATED[operation], "*"), requested(brought), "rds:AddTagsToResource")
        if operation in _ENCRYPTED or (operation == "CreateDBInstance" and not call.text("DBClusterIdentifier")):
            yield from used(call, call.text("KmsKeyId"), "rds", _KEY, {})
    elif arn := call.text("ResourceName"):
        yield call.existing(arn, requested(brought))
    elif operation in _LISTS:
        whole = dict.fromkeys(_LISTS[operation], "*") | {_RDS[name]: call.text(name) for name in named}
        for sort in _LISTS[operation]:
            yield call.check(call.arn(f"{sort}:{whole[sort]}"))
    else:
        # the final snapshot is a resource of DeleteDBCluster, and not of DeleteDBInstance
        apart = ("FinalDBSnapshotIdentifier",) if operation == "DeleteDBInstance" else ()
        for arn in [arn for name, arn in named.items() if name not in apart] or ("*",):
            yield call.existing(arn) if named else call.check()
        yield from _final_snapshot(call, named)


def _final_snapshot(call: ApiCall, named: Mapping[str, str]) -> Iterator[Check]:
    """Yield the checks of a final snapshot, which gets the cluster's tags.

    Sources: Service Authorization Reference, DeleteDBCluster, dependent actions; convox#856. Of DeleteDBInstance it
    names none, so that the same is taken for it.
    """
    if snapshot := named.get("FinalDBSnapshotIdentifier"):
        action = "CreateDBSnapshot" if call.operation == "DeleteDBInstance" else "CreateDBClusterSnapshot"
        for arn in named.values():
            yield call.existing(arn, action=f"rds:{action}")
        yield call.check(snapshot, action="rds:AddTagsToResource")


def _arn(call: ApiCall, sort: str, name: str) -> str:
    """Return the ARN of a named resource; snapshots of others are named by ARN."""
    return name if name.startswith("arn:") else call.arn(f"{sort}:{name}")


_MAJORS = {"aurora-postgresql": "17", "mysql": "8.4", "postgres": "17"}
"""The major version of each engine's default version; with default groups no other is used here."""


def _defaults(call: ApiCall) -> Iterator[Check]:
    """Yield the checks on the default groups that AWS uses."""
    engine = call.text("Engine")
    major = _MAJORS.get(engine, "8.0")
    if call.operation in (*_ENCRYPTED, "CreateDBInstance"):
        yield call.check(call.arn(f"og:default:{engine}-{major.replace('.', '-')}"), requested(call.tags()))
    if call.operation == "CreateDBInstance" and not call.text("DBParameterGroupName"):
        yield call.check(call.arn(f"pg:default.{engine}{major}"), requested(call.tags()))
