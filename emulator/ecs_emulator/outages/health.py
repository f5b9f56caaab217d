"""Assumed answers of targets to health checks, while a watch is on and no containers run.

An image passes its check when the watch begins: it answers the path with which it is checked then by 200, or by the
first code of the check without 200, and others by 404. A later image answers the path that its configuration names. If
a change keeps a service's image and changes only the path, the image is assumed to answer both paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecs_emulator.ecs.records import Task, TaskDefinition
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.forwarding import matches
from ecs_emulator.outages.network import enabled, let_in
from ecs_emulator.services.elbv2 import versions

NOT_FOUND = 404

_answers: dict[str, set[str]] = {}
"""The paths that each image is known to answer since the watch began; empty if the watch is off."""
_codes: dict[str, int] = {}
"""The status by which each of these images answers."""
_paths: dict[str, str] = {}
"""The path that later images answer, by service."""


def begin(paths: Mapping[str, str]) -> None:
    """Record the paths that the running images answer."""
    forget()
    _paths.update(paths)
    for _, _, group, task in _checked():
        _answers.setdefault(_image(task.definition), set()).add(group.health_check_path)
        _codes[_image(task.definition)] = versions.passing(group)


def forget() -> None:
    """Forget all recorded paths."""
    _answers.clear()
    _codes.clear()
    _paths.clear()


def failure(task: Task, group: Any) -> str:
    """Return the reason why a target fails its check, in Elastic Load Balancing's words; empty if it passes."""
    found = next((one for one in _checked() if one[2] is group and one[3] is task), None) if _answers else None
    if found is None:
        return ""
    kept, balancer = found[:2]
    if not let_in(kept, balancer, task, int(group.targets[task.address]["Port"])) and enabled(balancer, task):
        return "Request timed out"
    answered = _codes.get(_image(task.definition), versions.passing(group))
    status = versions.status(group, answered if _answered(kept, task, group.health_check_path) else NOT_FOUND)
    return "" if matches(versions.codes(group), status) else f"Health checks failed with these codes: [{status}]"


def _checked() -> Iterator[tuple[Store, Any, Any, Task]]:
    """Yield each running task with its target group, and a load balancer that checks it."""
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
