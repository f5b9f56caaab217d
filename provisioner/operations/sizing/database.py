"""Stop the database of a sleeping stack if it does not pause by itself, and start it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.errors import Failed
from provisioner.operations.sizing.waiting import wait
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.status import FAILED

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.events import Emit
    from provisioner.engine.resource import Observed

CLUSTER = f"{DbCluster.type_name}/main"
TIMEOUT, LOOK_SECONDS = 3600.0, 15.0
"""Seconds that a cluster may take to stop or to start; seconds between two reads of it."""


def stop(aws: Aws, emit: Emit) -> None:
    """Stop the stack's cluster, if there is one, and wait until it is stopped.

    AWS starts it again after seven days (Aurora user guide, aurora-cluster-stop-start).

    Raises:
        Failed: it is in a state that it does not leave by itself.
        TimedOut: it takes long.
    """
    _bring(aws, emit, "stopped")


def start(aws: Aws, emit: Emit) -> None:
    """Start the stack's cluster, if there is one, and wait until it and its instances are available.

    Raises:
        Failed: it is in a state that it does not leave by itself.
        TimedOut: it takes long.
    """
    _bring(aws, emit, "available")


def _bring(aws: Aws, emit: Emit, wanted: str) -> None:
    wait(aws, emit, "database", lambda: _left(aws, wanted), timeout=TIMEOUT, look_seconds=LOOK_SECONDS)


def _left(aws: Aws, wanted: str) -> dict[str, str]:
    """Return the status of the cluster and of each instance that lacks the wanted status, by address.

    AWS accepts the stop only if the cluster and all instances are available, and the start only if all are stopped.
    This function makes the call as soon as AWS accepts it.
    """
    found = [live for one in (DbCluster, DbInstance) for live in aws.live(one, fresh=True) if live.owned]
    left = [live for live in found if live.status != wanted]
    if bad := [live for live in left if live.status in FAILED]:
        raise Failed(f"{bad[0].id} is {bad[0].status}: see its events in the RDS console")
    if left and all(live.status == other(wanted) for live in found):
        _call(aws, wanted, next(live for live in left if "db_instance_identifier" not in live.attributes))
    return {str(live.address): live.status for live in left}


def other(status: str) -> str:
    """Return the status that precedes a wanted status."""
    return "available" if status == "stopped" else "stopped"


def _call(aws: Aws, wanted: str, cluster: Observed) -> None:
    if wanted == "stopped":
        aws.client("rds").stop_db_cluster(DBClusterIdentifier=cluster.id)
    else:
        aws.client("rds").start_db_cluster(DBClusterIdentifier=cluster.id)
