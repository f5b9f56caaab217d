"""The deployment circuit breaker: count failed tasks, and let a deployment fail after too many.

Source: ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures".
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ecs_emulator import faults
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
"""The defaults that DescribeServices shows (go-to-k/cdkd and cdk-real-drift, seen in July 2026)."""
UNHEALTHY = (probes.TARGET_FAILED, probes.CONTAINER_FAILED)
"""The beginnings of the stop reasons of tasks that were replaced after failed health checks."""
_FAILED = ("TaskFailedToStart", "EssentialContainerExited")


def merged(former: Shape, given: Shape) -> Shape:
    """Return the breaker's settings after an update; members that are left out stay (go-to-k/cdkd, issue 1861).

    Refuses an invalid threshold. A count of 0 would let a deployment fail without a failed task.
    """
    shape = {**DEFAULTS, **former, **given}
    kind, value = shape["thresholdConfiguration"]["type"], int(shape["thresholdConfiguration"]["value"])
    if kind not in ("COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT"):
        refuse("InvalidParameterException", f"The circuit breaker threshold type {kind} is not valid.")
    if value < 1 or (kind != "COUNT" and value > 100):
        refuse("InvalidParameterException", f"The circuit breaker threshold value {value} is not valid for {kind}.")
    return shape


def serves(configuration: Shape) -> bool:
    """Return whether the breaker ends deployments with this configuration: only rolling updates.

    Source: API reference, DeploymentCircuitBreaker. The developer guide's page on the detection of failures says that
    blue/green deployments have it as well; the fault `breaker-shifts` is that other reading.
    """
    enabled = bool(configuration["deploymentCircuitBreaker"]["enable"])
    rolls = configuration.get("strategy", "ROLLING") == "ROLLING"
    return enabled and (rolls or faults.current.strike("breaker-shifts", "ecs:service"))


def threshold(configuration: Shape, desired: int) -> int:
    """Return the number of failed tasks after which a deployment fails, for the latest desired count."""
    asked = configuration["deploymentCircuitBreaker"].get("thresholdConfiguration", DEFAULTS["thresholdConfiguration"])
    if asked["type"] == "COUNT":
        return int(asked["value"])
    share = math.ceil(desired * int(asked["value"]) / 100)
    return min(200, max(3, share)) if asked["type"] == "BOUNDED_PERCENT" else max(1, share)


def newly_failed(store: Store, deployment: Deployment) -> Iterator[Task]:
    """Yield the tasks whose failures have not been counted yet.

    While a task of the deployment runs, only failed health checks count. Tasks that end after they were RUNNING never
    count.
    """
    tasks = [task for task in store.tasks.values() if task.deployment == deployment.id]
    running = any(task.status == "RUNNING" and task.desired == "RUNNING" for task in tasks)
    for task in tasks:
        never_ran = task.stop_code in _FAILED and "startedAt" not in task.times
        if not task.counted and ((never_ran and not running) or task.stop_reason.startswith(UNHEALTHY)):
            yield task


def resets(service: Service) -> bool:
    """Return whether a healthy task sets the count back to zero."""
    return bool(service.shape["deploymentConfiguration"]["deploymentCircuitBreaker"].get("resetOnHealthyTask", True))
