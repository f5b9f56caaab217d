"""The status of a cluster or an instance in RDS: wait for it, or refuse a change that it does not allow."""

from __future__ import annotations

from datetime import datetime

from provisioner.aws.client import Aws
from provisioner.engine.clock import at, since
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Observed

FAILED = frozenset(
    {
        "cloning-failed", "failed", "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable", "incompatible-create", "incompatible-network",
        "incompatible-option-group", "incompatible-parameters", "incompatible-restore", "insufficient-capacity",
        "migration-failed", "restore-error", "storage-full",
    }
)  # fmt: skip
"""The statuses that AWS does not leave by itself: Aurora user guide, "DB cluster status" and "DB instance status"."""


SERVING = frozenset({"available", "backing-up", "configuring-enhanced-monitoring", "storage-optimization"})
"""The statuses in which an instance without a cluster serves, and that may last (RDS user guide, "Viewing DB instance
status")."""


def check_can_be_changed(live: Observed, cluster_id: str | None) -> None:
    """Raise `Failed` for a stopped database, which AWS does not change (Aurora guide, aurora-cluster-stop-start)."""
    if live.status == "stopped":
        awaited(live, cluster_id)


def awaited(live: Observed, cluster_id: str | None) -> str | None:
    """Return the status of a cluster or an instance to wait for; None if it is available.

    Args:
        cluster_id: the id of the cluster, also for its instances; None for an instance without a cluster.

    Raises:
        Failed: AWS does not leave the status by itself.
    """
    if live.status in (SERVING if cluster_id is None else ("available",)):
        return None
    if live.status == "stopped":
        sort, name = ("instance", live.id) if cluster_id is None else ("cluster", cluster_id)
        raise Failed(
            f"{live.id} is stopped: start it with `aws rds start-db-{sort} --db-{sort}-identifier {name}` in the "
            f"stack's Region, then run the same command again"
        )
    if live.status in FAILED:
        raise Failed(f"{live.id} is {live.status}: see its events in the RDS console")
    return live.status


def check_can_be_saved(live: Observed, region: str, sort: str = "cluster") -> None:
    """Raise `Failed` for a cluster, or another sort of database, that cannot have a final snapshot."""
    if live.status in FAILED:
        raise Failed(
            f"{live.id} is {live.status}, so no final snapshot can be taken. If its data is not needed, disable its "
            f"deletion protection, delete it (`aws rds delete-db-{sort} --db-{sort}-identifier {live.id} "
            f"--skip-final-snapshot --region {region}`), then run again"
        )


def standing(aws: Aws, id: str, sort: str, status: str, made: datetime | None) -> str:
    """Describe the status of a cluster or instance, and its newest event of the last hour."""
    events = aws.client("rds").describe_events(SourceIdentifier=id, SourceType=sort, Duration=60)["Events"]
    newest = f"; RDS reported{at(events[-1]['Date'])}: {events[-1]['Message']}" if events else ""
    return f"{id} is {status}{since(made)}{newest}"
