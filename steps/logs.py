"""The log groups of services, jobs and Container Insights."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, step
from provisioner.resources.logs import LogGroup, performance_log


@dataclass(frozen=True)
class Logs:
    """The log groups' names by service or job.

    Attributes:
        insights: the handle of the log group of Container Insights, which precedes the cluster; None without it.
        proxies: the log group's name of Service Connect's proxies; None without proxies.
    """

    services: dict[str, str]
    insights: Handle | None
    proxies: str | None


@step
def logs(stack: Stack) -> Logs:
    """Declare a log group for each service and job, and one for Container Insights.

    ECS would create the latter by itself without tags and retention, and leave it behind. So it is created before the
    cluster, and deleted after it.
    """
    services = {
        name: stack.ensure(log_group(stack, f"service-{name}", f"/ecs/{stack.name}/{name}")).id
        for name in stack.config.workloads
    }
    # a name that no service or job can have: `provision logs` shows services and jobs, not their proxies
    group = log_group(stack, "proxies", f"/ecs/{stack.name}/service-connect.proxies")
    proxies = stack.ensure(group).id if stack.config.proxied else None
    watched = stack.config.logs.insights
    insights = stack.ensure(log_group(stack, "insights", performance_log(stack.name))) if watched else None
    return Logs(services, insights, proxies)


def log_group(stack: Stack, name: str, log_group_name: str) -> LogGroup:
    """Return a log group with the retention and the key of all the stack's log groups."""
    return LogGroup(name, log_group_name, stack.config.logs.retention_days, kms_key_id=stack.facts.logs_key)
