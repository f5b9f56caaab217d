"""Stop the database of a sleeping stack if it does not pause by itself, and start it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.errors import Failed
from provisioner.operations.sizing.waiting import wait
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.single import SingleDbInstance
from provisioner.resources.rds.status import FAILED, SERVING

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.events import Emit
    from provisioner.engine.resource import Observed

STOPPED = frozenset({f"{DbCluster.type_name}/main", f"{SingleDbInstance.type_name}/main"})
"""The addresses of a stack's database, a cluster or an instance, for the calls that stop and start it."""
TIMEOUT, LOOK_SECONDS = 3600.0, 15.0
"""Seconds that a database may take to stop or to start; seconds between two reads of it."""


def stop(aws: Aws, emit: Emit) -> None:
    """Stop the stack's database, if there is one, and wait until it is stopped.

    AWS starts it again after seven days (Aurora user guide, aurora-cluster-stop-start; RDS user guide,
    USER_StopInstance).

    Raises:
        Failed: it is in a state that it does not leave by itself.
        TimedOut: it takes long.
    """
    _bring(aws, emit, "stopped")


def start(aws: Aws, emit: Emit) -> None:
    """Start the stack's database, if there is one, and wait until it and its instances are available.

    Raises:
        Failed: it is in a state that it does not leave by itself.
        TimedOut: it takes long.
    """
    _bring(aws, emit, "available")


def _bring(aws: Aws, emit: Emit, wanted: str) -> None:
    wait(aws, emit, "database", lambda: _left(aws, wanted), timeout=TIMEOUT, look_seconds=LOOK_SECONDS)


def _left(aws: Aws, wanted: str) -> dict[str, str]:
    """Return the status of the database and of each instance that lacks the wanted status, by address.

    AWS accepts the stop only if the cluster and all instances are available, and the start only if all are stopped.
    This function makes the call as soon as AWS accepts it.
    """
    types = (DbCluster, DbInstance, SingleDbInstance)
    found = [live for one in types for live in aws.live(one, fresh=True) if live.owned]
    left = [live for live in found if live.status != wanted and not (wanted == "available" and _serves(live))]
    if bad := [live for live in left if live.status in FAILED]:
        raise Failed(f"{bad[0].id} is {bad[0].status}: see its events in the RDS console")
    if left and all(live.status == other(wanted) for live in found):
        _call(aws, wanted, next(live for live in left if str(live.address) in STOPPED))
    return {str(live.address): live.status for live in left}


def other(status: str) -> str:
    """Return the status that precedes a wanted status."""
    return "available" if status == "stopped" else "stopped"


def _serves(live: Observed) -> bool:
    """Return whether an instance without a cluster serves, although AWS is still at work on it."""
    return str(live.address).startswith(SingleDbInstance.type_name) and live.status in SERVING


def _call(aws: Aws, wanted: str, database: Observed) -> None:
    rds, single = aws.client("rds"), str(database.address).startswith(SingleDbInstance.type_name)
    if wanted == "stopped" and single:
        rds.stop_db_instance(DBInstanceIdentifier=database.id)
    elif wanted == "stopped":
        rds.stop_db_cluster(DBClusterIdentifier=database.id)
    elif single:
        rds.start_db_instance(DBInstanceIdentifier=database.id)
    else:
        rds.start_db_cluster(DBClusterIdentifier=database.id)
