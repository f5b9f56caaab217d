"""RDS: the final snapshot that the deletion of a database leaves on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import code_of
from provisioner.aws.tagging import tag_map
from provisioner.engine.execution.leftovers import Leftover
from provisioner.engine.resource import Observed

FINAL_SNAPSHOT = {"Key": "provisioner:final-snapshot", "Value": "true"}
"""The tag of a database whose deletion leaves a snapshot."""
NAME_IN_USE = ("DBClusterSnapshotAlreadyExistsFault", "DBSnapshotAlreadyExists", "SnapshotAlreadyExistsFault")
"""The codes for a final snapshot whose name another has, of DeleteDBCluster, DeleteDBInstance and
DeleteReplicationGroup."""
_NAME = re.compile(r"-final-\d{8}-\d{6}$")


@dataclass(frozen=True)
class SnapshotCalls:
    """The names of a sort of snapshots in the API of RDS.

    Attributes:
        sort: its sort in sentences.
        words: its name in commands of the AWS CLI.
        identifier: the member with the name of one.
        price: the USD of a GB and month.
    """

    sort: str
    words: str
    identifier: str
    price: str


OF_CLUSTERS = SnapshotCalls("cluster snapshot", "db-cluster-snapshot", "DBClusterSnapshotIdentifier", "0.02")
OF_INSTANCES = SnapshotCalls("database snapshot", "db-snapshot", "DBSnapshotIdentifier", "0.1")


def snapshots(aws: Aws, calls: SnapshotCalls, **wanted: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the snapshots of a sort that a call asks for."""
    if calls is OF_CLUSTERS:
        yield from aws.pages("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", **wanted)
    else:
        yield from aws.pages("rds", "describe_db_snapshots", "DBSnapshots", **wanted)


def want_final_snapshot(aws: Aws, arn: str, *, wanted: bool) -> None:
    """Note in the tags of a database whether its deletion leaves a snapshot."""
    if wanted:
        aws.client("rds").add_tags_to_resource(ResourceName=arn, Tags=[FINAL_SNAPSHOT])
    else:
        aws.client("rds").remove_tags_from_resource(ResourceName=arn, TagKeys=[FINAL_SNAPSHOT["Key"]])


def delete_with_snapshot(aws: Aws, live: Observed, delete: Callable[[str], object]) -> None:
    """Delete a database, and give its final snapshot a name; AWS takes 255 characters (DeleteDBCluster).

    The name has the second in which the database was created (`created` of its details). So every try of every run
    asks for the same snapshot, and AWS makes one, even if an earlier try had an effect that nobody saw. A later
    database of the same name has a later second.

    If the name is in use and the database stands, an earlier try has made that snapshot without deleting the database,
    which may have changed since. Its last data then get a name with the present second. If the database is being
    deleted after all, AWS refuses this call too.
    """
    created = live.details.get("created")
    now = datetime.fromtimestamp(aws.pace.time(), UTC)
    try:
        delete(_name(live.id, created or now))
    except ClientError as error:
        if created is None or code_of(error) not in NAME_IN_USE:
            raise
        delete(_name(live.id, now))


def _name(database_id: str, moment: datetime) -> str:
    return f"{database_id}-final-{moment.astimezone(UTC):%Y%m%d-%H%M%S}"


def final_snapshots(aws: Aws, *sorts: SnapshotCalls) -> list[Leftover]:
    """Return the final snapshots that the deletion of this stack's databases has left, the newest last.

    A final snapshot carries its database's tags (CopyTagsToSnapshot), and so does a snapshot that somebody takes by
    hand; only its name identifies it.

    Args:
        sorts: the sorts of snapshots; by default both.
    """
    ours = [
        Leftover("final snapshot", snapshot[calls.identifier], _meant(aws, snapshot, calls))
        for calls in sorts or (OF_CLUSTERS, OF_INSTANCES)
        for snapshot in snapshots(aws, calls, SnapshotType="manual")
        if _NAME.search(snapshot[calls.identifier]) and aws.owns(tag_map(snapshot.get("TagList")))
    ]
    return sorted(ours, key=lambda left: left.id[-len("20260101-000000") :])


def earlier_data(aws: Aws, calls: SnapshotCalls) -> list[str]:
    """Return a warning with the final snapshots of a database that is created again; nothing if there are none."""
    found = [left.id for left in final_snapshots(aws, calls)]
    if not found:
        return []
    more = f", and {len(found) - 1} older" if len(found) > 1 else ""
    text = (
        f"the database will be empty. A final snapshot of this stack's earlier one exists ({found[-1]}{more}): "
        f'`database.from_snapshot = "latest"` makes the new one of its data'
    )
    return [text]


def _meant(aws: Aws, snapshot: Mapping[str, Any], calls: SnapshotCalls) -> str:
    """Describe the value of a final snapshot, its cost, and the command to delete it.

    Its size is not known: AllocatedStorage of Aurora is always 1 (RDS API, ClusterPendingModifiedValues;
    pganalyze/collector#805).
    """
    taken = f", taken {snapshot['SnapshotCreateTime']:%Y-%m-%d %H:%M} UTC" if "SnapshotCreateTime" in snapshot else ""
    return (
        f"the database's data{taken}, for about {calls.price} USD per GiB-month of its size. "
        f"If it is not needed, delete it: `aws rds delete-{calls.words} --region {aws.region} "
        f"--{calls.words}-identifier {snapshot[calls.identifier]}`"
    )
