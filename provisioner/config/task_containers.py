"""Check the containers of one task for values that ECS refuses: names, ports, dependencies and sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from provisioner.config.base import Problem
from provisioner.config.container import Container
from provisioner.config.jobs import Job
from provisioner.config.loader import near, shown
from provisioner.config.services import Service
from provisioner.config.sidecars import LEAST_MEMORY

MOST = 9
"""The most sidecars beside the workload's own container: a task definition has ten containers (ECS service quotas)."""


def problems(name: str, workload: Service | Job) -> Iterator[Problem]:
    """Yield errors of the containers of a task that ECS would refuse, with keys relative to the workload.

    Args:
        name: the name of the workload, and of its own container.
    """
    beside = workload.sidecars
    if len(beside) > MOST:
        yield "sidecars", f"has {len(beside)}, and a task has {MOST + 1} containers with its own: use {MOST} or fewer"
    if name in beside:
        yield f"sidecars.{name}", f"is the name of the container of {name} itself: use another name"
    yield from _ports(name, workload)
    yield from _order(name, workload)
    yield from _sizes(workload)


def _ports(name: str, workload: Service | Job) -> Iterator[Problem]:
    """Yield ports that two containers use: the containers of a task share one network (awsvpc)."""
    taken = {workload.port: name} if workload.port is not None else {}
    for other, sidecar in workload.sidecars.items():
        if sidecar.port is not None and (first := taken.setdefault(sidecar.port, other)) != other:
            why = f"{sidecar.port} is the port of {first} too, and the containers of a task share one network"
            yield f"sidecars.{other}.port", f"{why}: use another"


def _order(name: str, workload: Service | Job) -> Iterator[Problem]:
    """Yield dependencies that ECS refuses, or that are never met (ECS API, ContainerDependency)."""
    containers: dict[str, Container] = {name: workload, **workload.sidecars}
    for waiting, container in containers.items():
        key = "depends_on" if waiting == name else f"sidecars.{waiting}.depends_on"
        for other, condition in container.depends_on.items():
            if other == waiting:
                yield f"{key}.{other}", "a container cannot wait for itself: remove it"
            elif other not in containers:
                meant = near(other, [one for one in containers if one != waiting])
                fix = f'did you mean "{meant}"?' if meant else "name a sidecar, or by its name the workload itself"
                yield f"{key}.{other}", f"there is no container {shown(other)} in the task; {fix}"
            elif why := _never(workload, other, condition):
                yield f"{key}.{other}", why
    waits = {one: [other for other in containers[one].depends_on if other != one] for one in containers}
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        key = "depends_on" if circle[0] == name else f"sidecars.{circle[0]}.depends_on"
        yield key, f"is part of a cycle ({' waits for '.join(circle)}), in which none would start: remove one of them"


def _never(workload: Service | Job, other: str, condition: str) -> str:
    """Return the reason why a container never reaches a condition; empty if it can."""
    sidecar = workload.sidecars.get(other)
    own = "health.command" if sidecar is None else f"sidecars.{other}.health.command"
    checked = (sidecar or workload).checked
    if condition == "healthy" and not checked:
        return f'is "healthy", but nothing asks {other} whether it is: add {own}, or write "start"'
    if condition in ("complete", "success") and (sidecar is None or sidecar.essential):
        fix = 'use "start" or "healthy"' if sidecar is None else f"set sidecars.{other}.essential = false"
        return f'is "{condition}", but {other} is essential, and the task ends with it: {fix}'
    return ""


def _sizes(workload: Service | Job) -> Iterator[Problem]:
    """Yield sizes that leave nothing for the workload's own container (ECS API, ContainerDefinition, cpu, memory)."""
    for key, least in (("cpu", 1), ("memory", LEAST_MEMORY)):
        parts: Mapping[str, int] = {
            name: part for name, sidecar in workload.sidecars.items() if (part := getattr(sidecar, key))
        }
        whole, taken = getattr(workload, key), sum(parts.values())
        if parts and whole - taken < least:
            names = ", ".join(f"{name} {part}" for name, part in parts.items())
            why = f"{whole} is too small: its sidecars take {taken} of it ({names})"
            yield key, f"{why}, and its own container needs {least} or more. Raise it, or lower theirs"
