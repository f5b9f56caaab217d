"""Assumes what targets answer to health checks, while a watch is on and no containers run that could be asked.

An image answers the path that it is checked by when the watch begins with 200, and any other with 404. One that comes
later answers the path that its configuration names. If a service keeps its image and changes the path, the image is
taken to answer both: who changes only the path says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecs_emulator.ecs.records import Task, TaskDefinition
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.forwarding import matches
from ecs_emulator.outages.network import enabled, let_in

FOUND, NOT_FOUND = 200, 404

_answers: dict[str, set[str]] = {}
"""By image, the paths that it is known to answer since the watch began; empty: nothing is watched."""
_paths: dict[str, str] = {}
"""By service, the path that its later images answer."""


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


def failure(task: Task, group: Any) -> str:
    """Return why a target fails its check, in Elastic Load Balancing's words; empty if it is taken to pass."""
    found = next((one for one in _checked() if one[2] is group and one[3] is task), None) if _answers else None
    if found is None:
        return ""
    kept, balancer = found[:2]
    if not let_in(kept, balancer, task, int(group.targets[task.address]["Port"])) and enabled(balancer, task):
        return "Request timed out"
    status = FOUND if _answered(kept, task, group.health_check_path) else NOT_FOUND
    codes = str((group.matcher or {}).get("HttpCode") or FOUND)
    return "" if matches(codes, status) else f"Health checks failed with these codes: [{status}]"


def _checked() -> Iterator[tuple[Store, Any, Any, Task]]:
    """Yield each running task with a target group that it is in, and a load balancer that checks it."""
    for kept in stores():
        for group in kept.elbv2.target_groups.values():
            balancers = [kept.elbv2.load_balancers[arn] for arn in group.load_balancer_arns[:1]]
            for task in kept.tasks.values():
                if balancers and task.status == "RUNNING" and task.address in group.targets:
                    yield kept, balancers[0], group, task


def _answered(kept: Store, task: Task, path: str) -> bool:
    image, known = _image(task.definition), _answers.get(_image(task.definition))
    if known is None:
        return path == _paths.get(task.service, path)
    newest = kept.definition(task.definition.family)
    return path in known or (newest is not None and _image(newest) == image)


def _image(definition: TaskDefinition) -> str:
    return " ".join(container["image"] for container in definition.shape["containerDefinitions"])
