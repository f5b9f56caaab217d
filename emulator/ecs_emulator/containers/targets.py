"""Check the health of load balancers' targets by requests to the containers themselves."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup, elbv2_backends

from ecs_emulator.check_counts import CheckCounts
from ecs_emulator.containers import runs, speaking
from ecs_emulator.containers.definitions import HASTE
from ecs_emulator.containers.engine import Engine, repeat
from ecs_emulator.ecs.records import Task
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.forwarding import matches
from ecs_emulator.lock import LOCK
from ecs_emulator.outages.network import let_in
from ecs_emulator.patch import wrap
from ecs_emulator.services.elbv2 import versions

READ_SECONDS = 0.2
SHORTEST_SECONDS = 0.5
"""The least real seconds between two checks of one target."""
FAILED, TIMED_OUT, WRONG_CODE = (
    "Health checks failed",
    "Request timed out",
    "Health checks failed with these codes: ",
)
"""Reasons for an unhealthy target, in Elastic Load Balancing's words (TargetHealth, Description)."""


@dataclass
class TaskTarget(CheckCounts):
    """A task behind a target group; `port` is the port of this machine that leads to it.

    Attributes:
        excused_until: the end of the task's grace period, in seconds since the epoch.
        let_in: whether the security groups let the load balancer reach it.
        tls: whether it speaks TLS. http2: whether it speaks HTTP/2, or gRPC.
    """

    port: int
    path: str
    timeout: float
    interval: float
    codes: str
    healthy_after: int
    unhealthy_after: int
    excused_until: float
    let_in: bool
    tls: bool
    http2: bool
    reason: str = ""
    next_at: float = 0.0


SETTINGS = (
    *("port", "path", "timeout", "interval", "codes", "healthy_after", "unhealthy_after"),
    *("excused_until", "let_in", "tls", "http2"),
)
"""The attributes of a target that follow from its group and task; these may change at any time."""
_targets: dict[tuple[str, str], TaskTarget] = {}
"""By target group and address."""


def watch(host: Engine) -> None:
    """Check all targets from now on, each at its own interval."""

    def look() -> None:
        with LOCK:
            found = dict(_found())
        for key in _targets.keys() - found.keys():
            del _targets[key]
        for key, target in found.items():
            known = _targets.setdefault(key, target)
            for setting in SETTINGS:
                setattr(known, setting, getattr(target, setting))
            if time.monotonic() >= known.next_at:
                known.next_at = time.monotonic() + known.timeout + known.interval
                host.pool.submit(_check, known)

    repeat(look, READ_SECONDS, "targets")


def any_unknown() -> bool:
    """Return whether a target may still become healthy: it is unchecked, or in its grace period."""
    known = any(
        target.state == "initial" or (target.state == "unhealthy" and time.time() < target.excused_until)
        for target in list(_targets.values())
    )
    return known or any(_is_new(task) for store in stores() for task in list(store.tasks.values()))


def _is_new(task: Task) -> bool:
    """Return whether a task is registered with a load balancer and waits for its first check."""
    waits = task.registered and task.desired == "RUNNING" and bool(task.spec["loadBalancers"]) and runs.is_real(task)
    return waits and all(address != task.address for _, address in list(_targets))


def healthy(group: str) -> list[TaskTarget]:
    """Return the targets of a group that get requests: the healthy ones, or as on AWS all if none is healthy."""
    found = [target for (arn, _), target in list(_targets.items()) if arn == group]
    return [target for target in found if target.state == "healthy"] or found


def state(task: Task) -> str:
    """Return a task's health at the load balancers: unhealthy, initial or healthy; empty if none knows it."""
    states = {target.state for (_, address), target in list(_targets.items()) if address == task.address}
    states |= {"initial"} if _is_new(task) else set()
    return next((one for one in ("unhealthy", "initial", "healthy") if one in states), "")


def failing_group(task: Task) -> tuple[str, str]:
    """Return the ARN of a target group in which a task is unhealthy, and the reason; empty texts if none."""
    known = ((arn, target) for (arn, address), target in list(_targets.items()) if address == task.address)
    return next(((arn, target.reason) for arn, target in known if target.state == "unhealthy"), ("", ""))


def _found() -> Iterator[tuple[tuple[str, str], TaskTarget]]:
    tasks = {task.address: (store, task) for store in stores() for task in store.tasks.values() if task.address}
    for by_region in elbv2_backends.values():
        for backend in by_region.values():
            for group in backend.target_groups.values():
                for address, target in group.targets.items():
                    store, task = tasks.get(address, (None, None))
                    port = runs.port(task, int(target["Port"])) if task else None
                    if store and task and port:
                        passes = _let_in(store, group, task, int(target["Port"]))
                        yield (group.arn, address), _target(group, port, _excused_until(store, task), let_in=passes)


def _let_in(store: Store, group: Any, task: Task, port: int) -> bool:
    """Return whether a load balancer of the group can reach the task."""
    balancers = [store.elbv2.load_balancers.get(arn) for arn in group.load_balancer_arns]
    return any(let_in(store, balancer, task, port) for balancer in balancers if balancer)


def _excused_until(store: Store, task: Task) -> float:
    """Return until when failed checks of a task do not count; the grace period begins with the task's start."""
    service = store.services.get(f"{task.cluster}/{task.service}")
    grace = float(service.shape.get("healthCheckGracePeriodSeconds", 0)) if service else 0.0
    return (task.times["startedAt"].timestamp() if "startedAt" in task.times else time.time()) + grace


def _target(group: Any, port: int, excused_until: float, *, let_in: bool) -> TaskTarget:
    return TaskTarget(
        port,
        group.health_check_path or "/",
        float(group.health_check_timeout_seconds),
        max(SHORTEST_SECONDS, float(group.health_check_interval_seconds) / HASTE),
        versions.codes(group),
        int(group.healthy_threshold_count),
        int(group.unhealthy_threshold_count),
        excused_until,
        let_in,
        group.protocol == "HTTPS",
        group.protocol_version in versions.OVER_HTTPS,
    )


def _check(target: TaskTarget) -> None:
    reason = _failure_now(target) if target.let_in else TIMED_OUT
    target.count(target.healthy_after, target.unhealthy_after, failed=bool(reason))
    if target.state == "healthy":
        target.reason = ""
    elif target.failures >= target.unhealthy_after:
        target.reason = reason
    target.next_at = time.monotonic() + target.interval


def _failure_now(target: TaskTarget) -> str:
    """Send a health check to a target, and return the reason of its failure; empty if it passes.

    A target of HTTP/2 or gRPC is not asked for its path: it passes if it speaks HTTP/2.
    """
    try:
        if target.http2:
            return "" if speaking.speaks_http2(target.port, target.timeout, tls=target.tls) else FAILED
        connection = speaking.connection(target.port, target.timeout, tls=target.tls)
        try:
            connection.request("GET", target.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
            status = connection.getresponse().status
        finally:
            connection.close()
        return failure(target.codes, status)
    except TimeoutError:
        return TIMED_OUT
    except (OSError, http.client.HTTPException):
        return FAILED


def failure(codes: str, status: int) -> str:
    """Return the reason why an answer's status fails a check for these codes; empty if it passes."""
    return "" if matches(codes, status) else f"{WRONG_CODE}[{status}]"


@wrap(FakeTargetGroup, "health_for")
def health_for(original: Any, self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    """Answer DescribeTargetHealth from the checks, for a target that is a container."""
    known = _targets.get((self.arn, target["Id"]))
    if known is None:
        return original(self, target, ec2_backend)
    code, words = described(known.state, known.reason)
    return FakeHealthStatus(
        target["Id"], str(target.get("Port", self.port)), self.health_check_port, known.state, code, words
    )


def described(state: str, reason: str) -> tuple[str | None, str | None]:
    """Return Reason and Description of a target's health (ELB API reference, TargetHealth)."""
    if state == "initial":
        return "Elb.InitialHealthChecking", "Initial health checks in progress"
    if state == "healthy":
        return None, None
    codes = {TIMED_OUT: "Target.Timeout", FAILED: "Target.FailedHealthChecks"}
    return codes.get(reason, "Target.ResponseCodeMismatch"), reason
