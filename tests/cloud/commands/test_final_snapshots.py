"""A `down` that is killed around the deletion of its data leaves one final snapshot of each, and names both."""

from __future__ import annotations

import signal

import pytest

from tests.cloud import world
from tests.cloud.crash.cuts import kill
from tests.cloud.project import SMALL, Project

USED = SMALL.replace("public = true\n", "public = true\nredis = true\ndatabase = true\n")
PROTECTED = f"""protect = true
{USED}
[redis]
replicas = 0

[database]
engine = "postgresql"
instance = "db.t4g.micro"
storage = 20
standby = false
"""


def stand(here: Project) -> None:
    """A protected stack with Valkey and an instance of RDS, up."""
    here.write(PROTECTED)
    here.up()


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]

POINTS = [
    *(("rds:DeleteDBInstance", when) for when in ("before", "after")),
    *(("elasticache:DeleteReplicationGroup", when) for when in ("before", "after")),
    # when the records of both are gone
    ("ec2:DeleteVpc", "before"),
]


@pytest.mark.parametrize(("operation", "when"), POINTS)
def test_a_killed_down_leaves_one_snapshot_of_each(project: Project, operation: str, when: str) -> None:
    process = project.fork("down", "--yes", "--unprotect")
    kill(project.cloud, pid=process.pid, call=1, when=when, operation=operation)
    assert project.end(process).code == -signal.SIGKILL
    said = project.run("down", "--yes", "--unprotect").out
    (cache,) = project.cloud.client("elasticache").describe_snapshots()["Snapshots"]
    (database,) = project.cloud.client("rds").describe_db_snapshots()["DBSnapshots"]
    # by their commands: both may have been created in one second, and so have one name
    assert f"--snapshot-name {cache['SnapshotName']}`" in said
    assert f"--db-snapshot-identifier {database['DBSnapshotIdentifier']}`" in said
