"""The ECS cluster."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.step import Handle, Stack, step
from provisioner.kinds import ecs_cluster


@dataclass(frozen=True)
class Cluster:
    """The cluster's name and ARN, and the cluster itself for what has to come after it."""

    name: str
    arn: str
    handle: Handle


@step
def cluster(stack: Stack) -> Cluster:
    """Declare the cluster, watched by Container Insights."""
    insights = [{"name": "containerInsights", "value": "enabled"}]
    made = stack.ensure(ecs_cluster.Cluster("main", stack.name, insights))
    return Cluster(made.id, made.arn, made)
