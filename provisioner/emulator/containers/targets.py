"""Checks the health of load balancers' targets by asking the containers themselves."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup, elbv2_backends

from provisioner.emulator.containers import runs
from provisioner.emulator.containers.definitions import HASTE
from provisioner.emulator.containers.engine import Engine, repeat
from provisioner.emulator.ecs.store import Task, stores
from provisioner.emulator.lock import LOCK
from provisioner.emulator.patch import wrap

READ_SECONDS = 0.2
SHORTEST_SECONDS = 0.5
"""Real seconds between two checks of one target at the least."""


@dataclass
class TaskTarget:
    """A task behind a target group; `port` is the one of this machine that leads to it."""

    port: int
    path: str
    timeout: float
    interval: float
    codes: str
    healthy_after: int
    unhealthy_after: int
    state: str = "initial"
    successes: int = 0
    failures: int = 0
    reason: str = ""
    next_at: float = 0.0


_targets: dict[tuple[str, str], TaskTarget] = {}
"""By target group and address."""


def watch(host: Engine) -> None:
    """Check all targets from now on, each in its own interval."""

    def look() -> None:
        with LOCK:
            found = dict(_found())
        for key in _targets.keys() - found.keys():
            del _targets[key]
        for key, target in found.items():
            known = _targets.setdefault(key, target)
            if time.monotonic() >= known.next_at:
                known.next_at = time.monotonic() + known.timeout + known.interval
                host.pool.submit(_check, known)

    repeat(look, READ_SECONDS, "targets")


def any_unknown() -> bool:
    """Say whether a target has not been found healthy or unhealthy yet."""
    return any(target.state == "initial" for target in list(_targets.values()))


def healthy(group: str) -> list[TaskTarget]:
    """The targets of a group that get requests: as on AWS all of them if none is healthy."""
    found = [target for (arn, _), target in list(_targets.items()) if arn == group]
    return [target for target in found if target.state == "healthy"] or found


def state(task: Task) -> str:
    """What the load balancers think of a task: healthy, unhealthy, initial; empty if none knows it."""
    states = {target.state for (_, address), target in list(_targets.items()) if address == task.address}
    return next((one for one in ("unhealthy", "initial", "healthy") if one in states), "")


def _found() -> Iterator[tuple[tuple[str, str], TaskTarget]]:
    tasks = {task.address: task for store in stores() for task in store.tasks.values() if task.address}
    for by_region in elbv2_backends.values():
        for backend in by_region.values():
            for group in backend.target_groups.values():
                for address, target in group.targets.items():
                    task = tasks.get(address)
                    port = runs.port(task, int(target["Port"])) if task else None
                    if port:
                        yield (group.arn, address), _target(group, port)


def _target(group: Any, port: int) -> TaskTarget:
    return TaskTarget(
        port,
        group.health_check_path or "/",
        float(group.health_check_timeout_seconds),
        max(SHORTEST_SECONDS, float(group.health_check_interval_seconds) / HASTE),
        str((group.matcher or {}).get("HttpCode") or "200"),
        int(group.healthy_threshold_count),
        int(group.unhealthy_threshold_count),
    )


def _check(target: TaskTarget) -> None:
    reason = ""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=target.timeout)
        try:
            connection.request("GET", target.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
            status = connection.getresponse().status
        finally:
            connection.close()
        if not matches(target.codes, status):
            reason = f"Health checks failed with these codes: [{status}]"
    except TimeoutError:
        reason = "Request timed out"
    except (OSError, http.client.HTTPException):
        reason = "Health checks failed"
    target.failures = target.failures + 1 if reason else 0
    target.successes = 0 if reason else target.successes + 1
    # A new target is healthy after one good answer (user guide, target group health checks)
    if target.successes >= (1 if target.state == "initial" else target.healthy_after):
        target.state, target.reason = "healthy", ""
    elif target.failures >= target.unhealthy_after:
        target.state, target.reason = "unhealthy", reason
    target.next_at = time.monotonic() + target.interval


def matches(codes: str, status: int) -> bool:
    """Whether a status is among a matcher's codes, such as `200`, `200,301` or `200-299`.

    >>> matches("200,301-302", 302)
    True
    """
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


@wrap(FakeTargetGroup, "health_for")
def health_for(original: Any, self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    """DescribeTargetHealth: as it was found, for a target that is a container."""
    known = _targets.get((self.arn, target["Id"]))
    if known is None:
        return original(self, target, ec2_backend)
    code = {"healthy": None, "initial": "Elb.RegistrationInProgress"}.get(known.state, "Target.FailedHealthChecks")
    port, reason = str(target.get("Port", self.port)), known.reason or None
    return FakeHealthStatus(target["Id"], port, self.health_check_port, known.state, code, reason)
