"""Where the services and the cluster's metrics write to."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, step
from provisioner.resources.logs import LogGroup, performance_log


@dataclass(frozen=True)
class Logs:
    """The log groups' names by service or job, and the group of Container Insights, which the cluster comes after.

    Attributes:
        proxies: the name of that of Service Connect's proxies; None without any.
    """

    services: dict[str, str]
    insights: Handle
    proxies: str | None


@step
def logs(stack: Stack) -> Logs:
    """Declare a log group for each service and job, and that of Container Insights.

    ECS would make the latter by itself: without tags, without an end of retention, and it would stay. So it is made
    before the cluster, and removed after it.
    """
    services = {
        name: stack.ensure(log_group(stack, f"service-{name}", f"/ecs/{stack.name}/{name}")).id
        for name in stack.config.workloads
    }
    # a name that no service or job has: `provision logs` shows what these say, and not their proxies
    group = log_group(stack, "proxies", f"/ecs/{stack.name}/service-connect.proxies")
    proxies = stack.ensure(group).id if stack.config.proxied else None
    return Logs(services, stack.ensure(log_group(stack, "insights", performance_log(stack.name))), proxies)


def log_group(stack: Stack, name: str, log_group_name: str) -> LogGroup:
    """Return a log group with the retention and the key that all of the stack's have."""
    return LogGroup(name, log_group_name, stack.config.logs.retention_days, kms_key_id=stack.facts.logs_key)
