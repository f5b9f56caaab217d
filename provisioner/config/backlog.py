"""The key `scaling.backlog` of services, checked against the queues of the stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.config.base import Problem
from provisioner.config.loader import suggestion
from provisioner.config.queues import Queue, receives
from provisioner.config.services import Service


def backlog_problems(
    queues: Mapping[str, Queue], services: Mapping[str, Service], *, insights: bool
) -> Iterator[Problem]:
    """Yield backlogs of queues that are not there or that the service does not take from, and uncounted tasks.

    Args:
        insights: whether Container Insights counts the tasks.
    """
    for name, service in services.items():
        backlog = service.scaling.backlog if service.scaling else None
        if service.scaling is None or backlog is None:
            continue
        key = f"services.{name}.scaling"
        if backlog.queue not in queues:
            fix = suggestion(backlog.queue, queues) if queues else ": add it"
            yield f"{key}.backlog.queue", f"there is no table [queues.{backlog.queue}]{fix}"
        elif not receives(service.queues.get(backlog.queue)):
            given = f'queues = {{ {backlog.queue} = "receive" }}'
            yield f"{key}.backlog.queue", f"it does not receive from {backlog.queue}: write {given} in services.{name}"
        if service.scaling.high_resolution and not insights:
            # tasks are counted by their points of CPU then, which come more often (ECS developer guide)
            why = "does not go with backlog and logs.insights = false: write insights = true, or remove resolution"
            yield f"{key}.resolution", why
