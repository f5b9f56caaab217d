"""The order of a teardown between services and instances: stop remaining tasks, then drain instances."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Endpoints, Handle, Stack, ready, step
from provisioner.resources.ecs.drain import ContainerInstances, RunningTasks
from provisioner.steps.capacity import Capacity
from provisioner.steps.cluster import Cluster


@dataclass(frozen=True)
class Drain:
    """The handle that services depend on, so that a teardown drains after it has deleted them."""

    handle: Handle


@step
def drain(stack: Stack, endpoints: Endpoints, cluster: Cluster, capacity: Capacity) -> Drain:
    """Declare remaining tasks and registered instances, which AWS creates, to give a teardown its order.

    A teardown goes backwards: services are deleted; remaining tasks are stopped; instances are drained and
    deregistered; the capacity provider is detached and deleted; the group ends its instances; the cluster is deleted.
    The endpoints stay until all is drained: without them no agent learns that a task is to stop.
    """
    before = [ready(capacity.attached), *endpoints.available]
    if capacity.group:
        before = [stack.ensure(ContainerInstances(stack.name, cluster.name), after=before)]
    return Drain(stack.ensure(RunningTasks(stack.name, cluster.name), after=before))
