"""Aurora clusters in a failover, a stop, a start or a change of password: the states that they pass through."""

from __future__ import annotations

import copy
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import DBCluster, DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, replace, wrap


def pass_through(cluster: Any, status: str, lasts: durations.Duration, begins: float = 0.0) -> None:
    """Let a cluster show a status for a while, before its regular status.

    Args:
        begins: the moment from which it shows the status; until then it shows its regular one.
    """
    cluster.passing = (status, later(lasts), begins)


@wrap(RDSBackend, "modify_db_cluster")
def modify_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """ModifyDBCluster: keep a new password pending for a while, then show that it is being set.

    A password is "asynchronously applied as soon as possible" (API reference, ApplyImmediately): until then it is in
    `PendingModifiedValues` (aws-cloudformation-resource-providers-rds#327), and then the cluster is
    `resetting-master-credentials` (Aurora guide, "DB cluster status").

    After a change of the maximum capacity, parameters that depend on it wait for a restart of each instance (Aurora
    guide, "Choosing the Aurora Serverless v2 capacity range").
    """
    before = _most(self.clusters.get(kwargs["db_cluster_identifier"]))
    changed = original(self, kwargs)
    if before != _most(changed):
        for member in changed._members:
            member.apply_status = "pending-reboot"
    if kwargs.get("master_user_password") is not None:
        cluster = self.clusters[changed.db_cluster_identifier]
        cluster.password_pending_until = later(durations.DB_CREDENTIALS_PENDING)
        changed.password_pending_until = cluster.password_pending_until
        status, begins = "resetting-master-credentials", cluster.password_pending_until
        pass_through(cluster, status, durations.DB_CREDENTIALS_CHANGE, begins)
    return changed


def _pending(cluster: Any) -> dict[str, str] | None:
    """Return the changes that AWS has accepted but not begun; None if there are none (API reference, DBCluster)."""
    return None if passed(getattr(cluster, "password_pending_until", 0.0)) else {"MasterUserPassword": "****"}


add(DBCluster, "pending_modified_values")(property(_pending))


def _most(cluster: Any) -> float:
    scaling = (cluster and cluster.serverless_v2_scaling_configuration) or {}
    return float(scaling.get("max_capacity") or scaling.get("MaxCapacity") or 0)


replace(DBInstance, "db_parameter_group_status_list")(
    property(
        lambda self: [
            {"DBParameterGroupName": group.name, "ParameterApplyStatus": getattr(self, "apply_status", "in-sync")}
            for group in self.db_parameter_groups()
        ]
    )
)


@wrap(RDSBackend, "reboot_db_instance")
def reboot_db_instance(original: Any, self: Any, db_instance_identifier: str) -> Any:
    """RebootDBInstance: apply the parameters that waited for a restart."""
    database = original(self, db_instance_identifier)
    database.apply_status = "in-sync"
    return database


@wrap(RDSResponse, "failover_db_cluster")
def failover_db_cluster(original: Any, self: Any) -> ActionResult:
    """FailoverDBCluster: show `failing-over`, then `available` again (Aurora user guide, "DB cluster status")."""
    return _switched(self, original, "failing-over", durations.DB_FAILOVER)


@wrap(RDSResponse, "stop_db_cluster")
def stop_db_cluster(original: Any, self: Any) -> ActionResult:
    """StopDBCluster: answer with the former status; then show `stopping` and `stopped`, also for instances."""
    return _switched(self, original, "stopping", durations.DB_CLUSTER_STOP)


@wrap(RDSResponse, "start_db_cluster")
def start_db_cluster(original: Any, self: Any) -> ActionResult:
    """StartDBCluster: answer with the former status; then show `starting` and `available`, also for instances."""
    return _switched(self, original, "starting", durations.DB_CLUSTER_START)


def _switched(response: Any, switch: Any, status: str, lasts: durations.Duration) -> ActionResult:
    response.backend.settle()
    cluster = response.backend.clusters.get(response.params["DBClusterIdentifier"])
    before = copy.copy(cluster)
    answer: ActionResult = switch(response)
    if cluster is None:
        return answer
    pass_through(cluster, status, lasts)
    return ActionResult({"DBCluster": before})
