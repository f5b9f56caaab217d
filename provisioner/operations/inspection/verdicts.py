"""Whether a stack serves: a verdict on each of its running parts, and the exit code that `status` has of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MISSING = "MISSING"
"""Stands in the place of ECS's word for a service that is recorded and not there."""
WRONG = frozenset({"down", "degraded", "missing"})
"""The verdicts on a service that somebody has to look at."""
EXPIRES_DAYS = 30
"""What has fewer days left was not renewed: ACM begins 60 days before a certificate's end (ACM user guide, managed
renewal)."""
PASSING = frozenset(
    {
        "available", "backing-up", "backtracking", "configuring-iam-database-auth", "maintenance", "modifying",
        "renaming", "resetting-master-credentials", "scaling-compute", "scaling-storage", "starting",
        "storage-optimization", "update-iam-db-auth", "upgrading",
    }
)  # fmt: skip
"""The statuses in which a database cluster answers, or is about to (Aurora user guide, "DB cluster status")."""
RESTING = frozenset({"stopping", "stopped"})
"""The statuses in which a cluster of a stack that sleeps is as well."""
COMING_OR_GOING = frozenset({"REGISTERING", "DRAINING", "DEREGISTERING", "INACTIVE"})
"""The statuses of a container instance whose agent does not answer yet, or no more (ECS API reference,
ContainerInstance)."""
_WRONG: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "services": lambda one: one["state"] in WRONG,
    "databases": lambda one: one["status"] not in PASSING,
    "jobs": lambda one: (one["last_run"] or {}).get("result") == "failed",
    "certificates": lambda one: bool(one["problem"]),
    "instances": lambda one: not one["connected"] and one["status"] not in COMING_OR_GOING,
}
SERVING, NOT_SERVING, NOT_KNOWN = 0, 2, 1
"""The exit codes of `status`."""


def verdict(service: Mapping[str, Any]) -> str:
    """Return one word for how a service is doing.

    That is `serving`, `deploying` (and serving), `degraded`: fewer tasks than wanted run or are healthy, or something
    was given up; `down`: none runs, or none is healthy; `off`: none is wanted; `deleting`; `missing`: ECS has none.
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
    """Say whether somebody has to look at a running part; of what `part` names no other, such as an AMI, nobody has to.

    Args:
        part: where it stands in `live` of the document of `status`, such as `services`.
    """
    return part in _WRONG and _WRONG[part](one)


def exit_code(document: Mapping[str, Any]) -> int:
    """Return the exit code of `status`: whether all that is recorded serves, something does not, or nobody knows.

    Nothing is recorded: nothing is missed. An embedded cloud that does not run serves nothing.
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
