"""RDS: the final snapshot that the deletion of a cluster leaves on purpose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.tagging import tag_map
from provisioner.engine.execution.leftovers import Leftover

FINAL_SNAPSHOT = {"Key": "provisioner:final-snapshot", "Value": "true"}
"""The tag of a cluster whose deletion leaves a snapshot."""
_NAME = re.compile(r"-final-\d{8}-\d{6}$")


def final_name(aws: Aws, cluster_id: str) -> str:
    """Return a name with the present second in UTC, unique to this try. AWS takes 255 characters (DeleteDBCluster)."""
    return f"{cluster_id}-final-{datetime.fromtimestamp(aws.pace.time(), UTC):%Y%m%d-%H%M%S}"


def final_snapshots(aws: Aws) -> list[Leftover]:
    """Return the final snapshots that the deletion of this stack's clusters has left, the newest last.

    A final snapshot carries its cluster's tags (CopyTagsToSnapshot), and so does a snapshot that somebody takes by
    hand; only its name identifies it.
    """
    found = aws.pages("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual")
    ours = [
        Leftover("final snapshot", snapshot["DBClusterSnapshotIdentifier"], _meant(aws, snapshot))
        for snapshot in found
        if _NAME.search(snapshot["DBClusterSnapshotIdentifier"]) and aws.owns(tag_map(snapshot.get("TagList")))
    ]
    return sorted(ours, key=lambda left: left.id)


def earlier_data(aws: Aws) -> list[str]:
    """Return a warning with the final snapshots of a database that is created again; nothing if there are none."""
    found = [left.id for left in final_snapshots(aws)]
    if not found:
        return []
    more = f", and {len(found) - 1} older" if len(found) > 1 else ""
    text = (
        f"the database will be empty. A final snapshot of this stack's earlier one exists ({found[-1]}{more}): "
        f'`database.from_snapshot = "latest"` makes the new one of its data'
    )
    return [text]


def _meant(aws: Aws, snapshot: Mapping[str, Any]) -> str:
    """Describe the value of a final snapshot, its cost, and the command to delete it.

    Its size is not known: AllocatedStorage of Aurora is always 1 (RDS API, ClusterPendingModifiedValues;
    pganalyze/collector#805).
    """
    taken = f", taken {snapshot['SnapshotCreateTime']:%Y-%m-%d %H:%M} UTC" if "SnapshotCreateTime" in snapshot else ""
    return (
        f"the database's data{taken}, for about 0.02 USD per GiB-month of its size. "
        f"If it is not needed, delete it: `aws rds delete-db-cluster-snapshot --region {aws.region} "
        f"--db-cluster-snapshot-identifier {snapshot['DBClusterSnapshotIdentifier']}`"
    )
