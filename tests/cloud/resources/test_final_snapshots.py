"""The final snapshot of a deletion: exactly one, with lost answers, lagging reads and names in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.engine.resource import Resource
from provisioner.resources.elasticache.replication_group import ReplicationGroup
from provisioner.resources.rds.database import DbCluster
from provisioner.resources.rds.single import SingleDbInstance
from provisioner.steps.stack import Stack
from tests.cloud.faults.life import met, set_faults
from tests.cloud.rig import Rig
from tests.cloud.samples import ALL
from tests.cloud.samples.sample import NAME, Here, others

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kept:
    """A type whose deletion leaves a snapshot, in the words of its API."""

    type: type[Resource]
    operation: str
    list: Callable[[Any], list[str]]
    take: Callable[[Any, str], Any]
    born: Callable[[Any], datetime]


KEPT = {
    one.type.type_name: one
    for one in (
        Kept(
            DbCluster,
            "DeleteDBCluster",
            lambda rds: [
                one["DBClusterSnapshotIdentifier"] for one in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
            ],
            lambda rds, name: rds.create_db_cluster_snapshot(
                DBClusterIdentifier=NAME, DBClusterSnapshotIdentifier=name
            ),
            lambda rds: rds.describe_db_clusters()["DBClusters"][0]["ClusterCreateTime"],
        ),
        Kept(
            SingleDbInstance,
            "DeleteDBInstance",
            lambda rds: [one["DBSnapshotIdentifier"] for one in rds.describe_db_snapshots()["DBSnapshots"]],
            lambda rds, name: rds.create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier=name),
            lambda rds: rds.describe_db_instances()["DBInstances"][0]["InstanceCreateTime"],
        ),
        Kept(
            ReplicationGroup,
            "DeleteReplicationGroup",
            lambda cache: [one["SnapshotName"] for one in cache.describe_snapshots()["Snapshots"]],
            lambda cache, name: cache.create_snapshot(ReplicationGroupId=NAME, SnapshotName=name),
            lambda cache: cache.describe_replication_groups()["ReplicationGroups"][0]["ReplicationGroupCreateTime"],
        ),
    )
}


@pytest.fixture(params=KEPT)
def kept(request: pytest.FixtureRequest, rig: Rig) -> Kept:
    """A resource whose deletion leaves a snapshot, standing."""
    one, theirs = KEPT[request.param], others(rig.cloud)
    values: Mapping[str, Mapping[str, Any]] = {f"{one.type.type_name}/{NAME}": {"final_snapshot": True}}

    def declared(stack: Stack) -> None:
        _ = Here(stack, theirs, ALL, values)[one.type]

    rig.up(declared).ok()
    return one


def test_one_snapshot_is_left_where_the_answer_is_lost(rig: Rig, kept: Kept) -> None:
    set_faults(rig.cloud, "lost", only=f":{kept.operation}$")
    rig.down().ok()
    assert met(rig.cloud)["lost"].keys() == {f"{kept.type.service}:{kept.operation}"}
    assert len(kept.list(rig.cloud.client(kept.type.service))) == 1


def test_one_snapshot_is_left_where_reads_lag(rig: Rig, kept: Kept) -> None:
    set_faults(rig.cloud, "lag,lost", only=f":({kept.operation}|Describe.*)$")
    rig.down().ok()
    assert len(kept.list(rig.cloud.client(kept.type.service))) == 1


def test_a_name_in_use_is_no_obstacle(rig: Rig, kept: Kept) -> None:
    client = rig.cloud.client(kept.type.service)
    soon = [datetime.fromtimestamp(rig.cloud.time() + seconds, UTC) for seconds in range(-1, 5)]
    taken = {f"{NAME}-final-{moment:%Y%m%d-%H%M%S}" for moment in (kept.born(client), *soon)}
    for name in sorted(taken):
        kept.take(client, name)
    rig.down().ok()
    (final,) = {*kept.list(client)} - taken
    assert final.startswith(f"{NAME}-final-")
