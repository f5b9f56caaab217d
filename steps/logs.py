"""Where the services and the cluster's metrics write to."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.step import Handle, Stack, step
from provisioner.kinds.logs import LogGroup, performance_log


@dataclass(frozen=True)
class Logs:
    """The names of the services' log groups, and the group of Container Insights, which the cluster comes after."""

    services: dict[str, str]
    insights: Handle


@step
def logs(stack: Stack) -> Logs:
    """Declare a log group a service, and that of Container Insights.

    ECS would make the latter by itself: without tags, without an end of retention, and it would stay. So it is made
    before the cluster, and removed after it.
    """
    days = stack.config.logs.retention_days
    services = {
        name: stack.ensure(LogGroup(f"service-{name}", f"/ecs/{stack.name}/{name}", days)).id
        for name in stack.config.services
    }
    return Logs(services, stack.ensure(LogGroup("insights", performance_log(stack.name), days)))
