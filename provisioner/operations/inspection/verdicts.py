"""Judge each running part of a stack, and derive the exit code of `status` from all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MISSING = "MISSING"
"""The rollout state of a service that is recorded but missing in ECS."""
WRONG = frozenset({"down", "degraded", "missing"})
"""The verdicts on a service that needs attention."""
EXPIRES_DAYS = 30
"""A certificate with fewer days left was not renewed: ACM begins 60 days before its end (ACM user guide, managed
renewal)."""
PASSING = frozenset(
    {
        "available", "backing-up", "backtracking", "configuring-enhanced-monitoring",
        "configuring-iam-database-auth", "configuring-log-exports", "maintenance", "modifying",
        "renaming", "resetting-master-credentials", "scaling-compute", "scaling-storage", "starting",
        "storage-optimization", "update-iam-db-auth", "upgrading",
    }
)  # fmt: skip
"""The statuses of a database cluster that answers, or soon will (Aurora user guide, "DB cluster status")."""
RESTING = frozenset({"stopping", "stopped"})
"""The further statuses that are right for a database cluster while the stack sleeps."""
CACHING = frozenset({"available", "modifying", "snapshotting"})
"""The statuses of a replication group that answers (ElastiCache API reference, ReplicationGroup)."""
MOUNTING = frozenset({"available", "updating"})
"""The states of a file system that tasks can mount (EFS API reference, FileSystemDescription)."""
COMING_OR_GOING = frozenset({"REGISTERING", "DRAINING", "DEREGISTERING", "INACTIVE"})
"""The statuses of a container instance whose agent need not be connected: it starts or ends (ECS API reference,
ContainerInstance)."""
_WRONG: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "services": lambda one: one["state"] in WRONG,
    "databases": lambda one: one["status"] not in PASSING,
    "caches": lambda one: one["status"] not in CACHING,
    "queues": lambda one: one["status"] != "available",
    "volumes": lambda one: one["status"] not in MOUNTING,
    "jobs": lambda one: (one["last_run"] or {}).get("result") == "failed",
    "certificates": lambda one: bool(one["problem"]),
    "instances": lambda one: not one["connected"] and one["status"] not in COMING_OR_GOING,
}
SERVING, NOT_SERVING, NOT_KNOWN = 0, 2, 1
"""The exit codes of `status`."""


def verdict(service: Mapping[str, Any]) -> str:
    """Return the condition of a service as one word.

    `serving`; `deploying`: it serves and a deployment is under way; `degraded`: fewer tasks than wanted run or are
    healthy, or it has a problem, or its deployment failed; `down`: no task runs, or none is healthy; `off`: no task is
    wanted; `deleting`; `missing`: ECS does not have the service.
    """
    running, desired, healthy = service["running"], service["desired"], service["healthy"]
    if service["rollout"] == MISSING:
        return "missing"
    if service["rollout"].startswith(("DRAINING", "INACTIVE")):
        return "deleting"
    if not desired:
        return "off"
    if not running or healthy == 0:
        return "down"
    short = running < desired or (healthy is not None and healthy < min(running, desired))
    if short or service["problem"] or service["rollout"] == "FAILED":
        return "degraded"
    return "serving" if service["rollout"] == "COMPLETED" else "deploying"


def wrong(part: str, one: Mapping[str, Any]) -> bool:
    """Return whether a running part needs attention. Parts of kinds without a rule, such as AMIs, never do.

    Args:
        part: its kind: its key in `live` of the document of `status`, such as `services`.
    """
    return part in _WRONG and _WRONG[part](one)


def exit_code(document: Mapping[str, Any]) -> int:
    """Return the exit code of `status`: all recorded parts serve, some part does not, or the condition is unknown.

    A stack without records counts as serving. A stack in an embedded cloud that does not run counts as not serving.
    """
    if not document["resources"]:
        return SERVING
    if document["live"] is not None:
        running = {part: document["live"][part] for part in _WRONG}
        if document["asleep"]:
            running["databases"] = [one for one in running["databases"] if one["status"] not in RESTING]
        found = any(wrong(part, one) for part, some in running.items() for one in some)
        return NOT_SERVING if found else SERVING
    return NOT_SERVING if document["target"] == "local" else NOT_KNOWN
