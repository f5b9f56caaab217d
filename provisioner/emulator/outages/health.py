"""Assumes what targets answer to health checks, while a watch is on and no containers run that could be asked.

An image answers the path that it is checked by when the watch begins with 200, and any other with 404. One that comes
later answers the path that its configuration names. If a service keeps its image and changes the path, the image is
taken to answer both: who changes only the path says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from provisioner.emulator.clock import later, now
from provisioner.emulator.ecs.store import Store, Task, TaskDefinition, stores
from provisioner.emulator.forwarding import matches
from provisioner.emulator.outages.network import enabled, let_in

FOUND, NOT_FOUND = 200, 404


@dataclass
class _Target:
    """How a task does in a target group: when it will be unhealthy if nothing changes, and whether it was healthy."""

    unhealthy_at: float = inf
    was_healthy: bool = False


_answers: dict[str, set[str]] = {}
"""By image, the paths that it is known to answer since the watch began."""
_paths: dict[str, str] = {}
"""By service, the path that its later images answer."""
_targets: dict[tuple[str, str], _Target] = {}
"""By target group and task."""


def begin(paths: Mapping[str, str]) -> None:
    """Learn which paths the images answer that run now."""
    forget()
    _paths.update(paths)
    for _, _, group, task in _checked():
        _answers.setdefault(_image(task.definition), set()).add(group.health_check_path)


def forget() -> None:
    """Assume nothing."""
    _answers.clear()
    _paths.clear()
    _targets.clear()


def update() -> None:
    """Check all targets again, as something has changed."""
    there = {(group.arn, task.id): _passes(*one) for one in _checked() for group, task in [one[2:]]}
    for gone in _targets.keys() - there.keys():
        del _targets[gone]
    for key, (passes, seconds) in there.items():
        target = _targets.setdefault(key, _Target())
        if passes:
            target.unhealthy_at, target.was_healthy = inf, True
        elif target.unhealthy_at == inf:
            target.unhealthy_at = later(seconds)
            # what ECS does then waits for the end of the task's grace period
            later(seconds + _GRACE)


_GRACE = 60.0


def state(task: Task) -> str:
    """Return what the load balancers think of a task; empty if nothing is assumed of it, or if it is healthy."""
    of_task = [target for (_, one), target in _targets.items() if one == task.id and target.unhealthy_at < inf]
    if any(now() >= target.unhealthy_at for target in of_task):
        return "unhealthy"
    return "initial" if any(not target.was_healthy for target in of_task) else ""


def _checked() -> Iterator[tuple[Store, Any, Any, Task]]:
    """Yield each running task with a target group that it is in, and a load balancer that checks it."""
    for kept in stores():
        for group in kept.elbv2.target_groups.values():
            balancers = [kept.elbv2.load_balancers[arn] for arn in group.load_balancer_arns[:1]]
            for task in kept.tasks.values():
                if balancers and task.status == "RUNNING" and task.address in group.targets:
                    yield kept, balancers[0], group, task


def _passes(kept: Store, balancer: Any, group: Any, task: Task) -> tuple[bool, float]:
    """Say whether a target passes its checks, and after how many seconds of failing ones it is unhealthy."""
    seconds = float(group.health_check_interval_seconds) * int(group.unhealthy_threshold_count)
    status = FOUND if _answered(kept, task, group.health_check_path) else NOT_FOUND
    codes = str((group.matcher or {}).get("HttpCode") or FOUND)
    port = int(group.targets[task.address]["Port"])
    reached = let_in(kept, balancer, task, port) or not enabled(balancer, task)
    return reached and matches(codes, status), seconds


def _answered(kept: Store, task: Task, path: str) -> bool:
    image, known = _image(task.definition), _answers.get(_image(task.definition))
    if known is None:
        return path == _paths.get(task.service, path)
    newest = kept.definition(task.definition.family)
    return path in known or (newest is not None and _image(newest) == image)


def _image(definition: TaskDefinition) -> str:
    return " ".join(container["image"] for container in definition.shape["containerDefinitions"])
