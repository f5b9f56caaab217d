"""Health of tasks: the results of the containers' and the load balancers' checks, of real and simulated containers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from ecs_emulator.check_counts import CheckCounts
from ecs_emulator.clock import CLOCK, later, passed
from ecs_emulator.containers import runs, targets
from ecs_emulator.ecs.programs import program
from ecs_emulator.ecs.records import Service, Shape, Task, is_essential, now
from ecs_emulator.ecs.store import Store
from ecs_emulator.outages import health as assumed
from ecs_emulator.patch import on_reset
from ecs_emulator.services.elbv2 import versions

CONTAINER_FAILED = "Task failed container health checks"
TARGET_FAILED = "Task failed ELB health checks"
"""The beginnings of ECS's reasons for stopping a task (developer guide, "Stopped tasks error messages")."""
_INTERVAL, _RETRIES = 30, 3
"""The defaults of a container's health check (API reference, HealthCheck)."""
_START_SECONDS = 10
"""The least grace period of a real container, in seconds of this machine, unless the service's own is shorter."""


@dataclass
class Probe(CheckCounts):
    """A repeated check of a simulated task: `next_at` is its next moment, `due_at` the last one given to the clock.

    Attributes:
        reason: the reason of the last failure, in Elastic Load Balancing's words.
    """

    next_at: float
    reason: str = ""
    due_at: float = 0.0

    def note(self, reason: str, healthy_after: float, unhealthy_after: float) -> None:
        """Count a check; it has failed if there is a reason."""
        self.reason = reason
        self.count(healthy_after, unhealthy_after, failed=bool(reason))


_probes: dict[tuple[str, str], Probe] = {}
"""By the task's id, and the ARN of the target group or the name of the container."""


@on_reset
def forget_all() -> None:
    """Forget all probes."""
    _probes.clear()


def states() -> tuple[str, ...]:
    """Return the states of all probes of simulated tasks."""
    return tuple(probe.state for probe in _probes.values())


def forget(task: Task) -> None:
    """Forget the probes of a task."""
    for key in [key for key in _probes if key[0] == task.id]:
        del _probes[key]


def look(store: Store, task: Task) -> None:
    """Make the due checks of a simulated task."""
    if task.status not in ("ACTIVATING", "RUNNING") or runs.is_real(task):
        return
    for balancer in task.spec["loadBalancers"]:
        group = store.elbv2.target_groups.get(balancer["targetGroupArn"])
        if group is not None and task.address in group.targets:
            _ask_target(task, balancer, group)
    for container in task.definition.shape["containerDefinitions"]:
        if "healthCheck" in container and container["name"] not in task.exit_codes:
            _ask_container(task, container)


def target_state(task: Task) -> str:
    """Return a task's health at the load balancers: unhealthy, initial or healthy; empty if none knows it."""
    simulated = {probe.state for arn, probe in _of(task) if arn.startswith("arn:")}
    return next((one for one in ("unhealthy", "initial", "healthy") if one in simulated), targets.state(task))


def target(group: str, task: Task) -> Probe | None:
    """Return a target group's probe of a simulated task, or None."""
    return _probes.get((task.id, group))


def container_health(task: Task, container: Shape) -> str:
    """Return a container's health in ECS's word; UNKNOWN without a check of its own (API reference, HealthCheck)."""
    if "healthCheck" not in container or task.status != "RUNNING" or container["name"] in task.exit_codes:
        return "UNKNOWN"
    if real := runs.health(task, container["name"]):
        return real
    probe = _probes.get((task.id, container["name"]))
    return {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(probe.state if probe else "", "UNKNOWN")


def health(task: Task) -> str:
    """Return a task's health: HEALTHY if all containers with a check are, UNKNOWN without any (API reference, Task)."""
    states = {container_health(task, one) for one in _checked(task)}
    return next((one for one in ("UNHEALTHY", "UNKNOWN", "HEALTHY") if one in states), "UNKNOWN")


def is_well(task: Task) -> bool:
    """Return whether a task counts as healthy: it runs, and its own checks and its load balancers' pass.

    See the API reference, DeploymentConfiguration, minimumHealthyPercent.
    """
    well = not _checked(task) or health(task) == "HEALTHY"
    return task.status == "RUNNING" and not task.unwell and well and target_state(task) in ("", "healthy")


def is_unchecked(task: Task) -> bool:
    """Return whether a task has no health check: neither of an essential container nor of a load balancer."""
    return not _checked(task) and not task.spec["loadBalancers"]


def unwell(service: Service, task: Task) -> str:
    """Return the failed check of a running task after its grace period; empty if none. ECS then replaces the task.

    The grace period begins with the task's start and holds for both kinds of checks. Without a load balancer there is
    none (API reference, CreateService, healthCheckGracePeriodSeconds).
    """
    if task.unwell or task.status != "RUNNING":
        return task.unwell
    if (now() - task.times["startedAt"]).total_seconds() < grace(service) or _is_starting(service, task):
        return ""
    arn, reason = _failing_group(task)
    if health(task) == "UNHEALTHY":
        task.unwell = CONTAINER_FAILED
    elif arn:
        task.unwell = f"{TARGET_FAILED} in (target-group {arn})"
        for balancer in task.spec["loadBalancers"]:
            if balancer["targetGroupArn"] == arn:
                where = f"(port {balancer['containerPort']}) is unhealthy in (target-group {arn})"
                service.say(f"{where} due to (reason {reason}).")
    return task.unwell


def grace(service: Service) -> int:
    """Return the seconds after a task's start in which failed checks do not count."""
    return int(service.shape.get("healthCheckGracePeriodSeconds", 0)) if service.shape["loadBalancers"] else 0


def _is_starting(service: Service, task: Task) -> bool:
    """Return whether a real container may still start: no program starts sooner because a clock is faster."""
    return runs.seconds(task) < min(grace(service), _START_SECONDS)


def _failing_group(task: Task) -> tuple[str, str]:
    """Return the ARN of a target group in which a task is unhealthy, and the reason; empty texts if none."""
    found = ((arn, one.reason) for arn, one in _of(task) if arn.startswith("arn:") and one.state == "unhealthy")
    return next(found, targets.failing_group(task))


def _of(task: Task) -> Iterator[tuple[str, Probe]]:
    keys = [one["targetGroupArn"] for one in task.spec["loadBalancers"]] + [one["name"] for one in _checked(task)]
    return ((key, _probes[task.id, key]) for key in keys if (task.id, key) in _probes)


def _checked(task: Task) -> list[Shape]:
    """Return the essential containers that have a health check."""
    containers = task.definition.shape["containerDefinitions"]
    return [one for one in containers if is_essential(one) and "healthCheck" in one]


def _age(task: Task) -> float:
    """Return the seconds since the task's containers were started."""
    return (now() - task.times["pullStoppedAt"]).total_seconds()


def _ask_target(task: Task, balancer: Shape, group: Any) -> None:
    containers = task.definition.shape["containerDefinitions"]
    image = next((one["image"] for one in containers if one["name"] == balancer.get("containerName")), "")
    status = program(image).answers(_age(task), group.health_check_path or "/", versions.passing(group))
    failed = targets.failure(versions.codes(group), versions.status(group, status)) if status else targets.FAILED
    reason = failed or assumed.failure(task, group)
    limits = int(group.healthy_threshold_count), int(group.unhealthy_threshold_count)
    _step(task, group.arn, float(group.health_check_interval_seconds), program(image).after, reason, limits)


def _ask_container(task: Task, container: Shape) -> None:
    check, age = container["healthCheck"], _age(task)
    passes = program(container["image"]).passes(age, check["command"])
    # failures in the start period do not count
    limit = inf if age < int(check.get("startPeriod") or 0) else int(check.get("retries") or _RETRIES)
    interval, after = float(check.get("interval") or _INTERVAL), program(container["image"]).after
    _step(task, container["name"], interval, after, "" if passes else "exit code 1", (1, limit))


def _step(task: Task, key: str, interval: float, after: float, reason: str, limits: tuple[int, float]) -> None:
    """Make a check if its time has come, and request the next moment from the clock if the state may still change.

    Args:
        after: seconds from the start of the container until it answers.
        reason: the reason of the check's failure; empty if it passes.
        limits: the number of passed checks in a row, and of failed ones, that change the state; infinite if failures do
            not count.
    """
    probe = _probes.setdefault((task.id, key), Probe(CLOCK.now() + interval))
    if passed(probe.next_at):
        probe.note(reason, *limits)
        probe.failures = probe.failures if limits[1] < inf else 0
        probe.next_at = max(probe.next_at + interval, CLOCK.now())
    settled = probe.state == ("unhealthy" if reason else "healthy") and _age(task) >= after
    moves_then = task.status == "ACTIVATING" and probe.next_at <= task.next_at
    if not settled and not moves_then and probe.due_at < probe.next_at:
        probe.next_at = probe.due_at = later(probe.next_at - CLOCK.now())
