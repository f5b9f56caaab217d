"""Stop a service deployment that is under way: it rolls back to the revision that was completed last.

Sources: API reference, `StopServiceDeployment`; ECS developer guide, "Stopping Amazon ECS service deployments" and
"View service history using Amazon ECS service deployments" (the states). The reason is AWS's
(hashicorp/terraform-provider-aws#49031, seen in July 2026). By analogy: DescribeServices shows the former revision from
ROLLBACK_IN_PROGRESS on, in words that no client can recognize as a rollback; a stop in CLEAN_UP leads the traffic back
to tasks that are ending.
"""

from __future__ import annotations

from ecs_emulator import durations
from ecs_emulator.clock import later
from ecs_emulator.ecs import hooks
from ecs_emulator.ecs.records import ServiceDeployment, now

REQUESTED = "ROLLBACK_REQUESTED"
BY_USER = "Service deployment rolled back by user."


def request(one: ServiceDeployment) -> None:
    """Request the rollback of a deployment, unless it is stopping or rolling back already."""
    if one.status not in ("PENDING", "IN_PROGRESS"):
        return
    hooks.leave(one)
    one.status, one.updated, one.started = REQUESTED, now(), one.started or now()
    one.until = later(durations.DEPLOYMENT_STOP)


def requested(one: ServiceDeployment) -> bool:
    """Return whether a deployment stands still, because its rollback was requested and has not begun."""
    return one.status == REQUESTED
