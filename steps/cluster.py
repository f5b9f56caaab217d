"""The ECS cluster."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, step
from provisioner.resources.ecs import cluster as ecs_cluster
from provisioner.resources.ecs.drain import ContainerInsights
from provisioner.steps.logs import Logs
from provisioner.steps.service_roles import ServiceRoles


@dataclass(frozen=True)
class Cluster:
    """The cluster's name and ARN, and its handle for resources that come after it."""

    name: str
    arn: str
    handle: Handle


@step
def cluster(stack: Stack, logs: Logs, service_roles: ServiceRoles) -> Cluster:
    """Declare the cluster, with Container Insights if its log group is there before it; it is deleted after it."""
    watched = stack.config.logs.insights
    settings = [{"name": "containerInsights", "value": "enabled" if watched else "disabled"}]
    before = [*([logs.insights] if logs.insights else []), service_roles.ecs]
    made = stack.ensure(ecs_cluster.Cluster("main", stack.name, settings), after=before)
    if watched:
        stack.ensure(ContainerInsights(stack.name, made.id))
    return Cluster(made.id, made.arn, made)
