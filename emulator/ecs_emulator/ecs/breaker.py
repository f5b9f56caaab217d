"""The deployment circuit breaker: which failures it counts, and after how many of them a deployment is given up.

Source: ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures".
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ecs_emulator.ecs import probes
from ecs_emulator.ecs.records import Deployment, Service, Shape, Task
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse

DEFAULTS: Shape = {
    "enable": False,
    "rollback": False,
    "resetOnHealthyTask": True,
    "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
}
"""What DescribeServices shows where nothing else was asked for (go-to-k/cdkd and cdk-real-drift, seen in July 2026)."""
UNHEALTHY = (probes.TARGET_FAILED, probes.CONTAINER_FAILED)
"""What the reason of a task begins with that was replaced because of a failed check."""
_FAILED = ("TaskFailedToStart", "EssentialContainerExited")


def merged(former: Shape, given: Shape) -> Shape:
    """The breaker after an update, whose members that are left out stay (go-to-k/cdkd, issue 1861).

    Refuses a percentage that is none. A count of 0 would give up a deployment without a failure.
    """
    shape = {**DEFAULTS, **former, **given}
    kind, value = shape["thresholdConfiguration"]["type"], int(shape["thresholdConfiguration"]["value"])
    if kind not in ("COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT"):
        refuse("InvalidParameterException", f"The circuit breaker threshold type {kind} is not valid.")
    if value < 1 or (kind != "COUNT" and value > 100):
        refuse("InvalidParameterException", f"The circuit breaker threshold value {value} is not valid for {kind}.")
    return shape


def threshold(configuration: Shape, desired: int) -> int:
    """After how many failures a deployment is given up, with the latest desired count."""
    asked = configuration["deploymentCircuitBreaker"].get("thresholdConfiguration", DEFAULTS["thresholdConfiguration"])
    if asked["type"] == "COUNT":
        return int(asked["value"])
    share = math.ceil(desired * int(asked["value"]) / 100)
    return min(200, max(3, share)) if asked["type"] == "BOUNDED_PERCENT" else max(1, share)


def newly_failed(store: Store, deployment: Deployment) -> Iterator[Task]:
    """Yield the tasks whose failures have not been counted yet.

    While a task runs, only failed health checks count; those that end after they were RUNNING never do.
    """
    tasks = [task for task in store.tasks.values() if task.deployment == deployment.id]
    running = any(task.status == "RUNNING" and task.desired == "RUNNING" for task in tasks)
    for task in tasks:
        never_ran = task.stop_code in _FAILED and "startedAt" not in task.times
        if not task.counted and ((never_ran and not running) or task.stop_reason.startswith(UNHEALTHY)):
            yield task


def resets(service: Service) -> bool:
    """Whether a task that is healthy sets the count to zero."""
    return bool(service.shape["deploymentConfiguration"]["deploymentCircuitBreaker"].get("resetOnHealthyTask", True))
