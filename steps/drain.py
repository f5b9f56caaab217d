"""What stands between the services and their instances at teardown: tasks that are left, instances to be drained."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Endpoints, Handle, Stack, ready, step
from provisioner.resources.ecs.drain import ContainerInstances, RunningTasks
from provisioner.steps.capacity import Capacity
from provisioner.steps.cluster import Cluster


@dataclass(frozen=True)
class Drain:
    """What services come after, so that at teardown it comes after them."""

    handle: Handle


@step
def drain(stack: Stack, endpoints: Endpoints, cluster: Cluster, capacity: Capacity) -> Drain:
    """Declare what nobody here makes, so that a teardown meets it in the right place.

    Read from the end: services are gone; tasks that are left are stopped; instances are drained and deregistered; the
    capacity provider is detached and removed; the group ends its instances; the cluster goes. The endpoints stay until
    all is drained: without them no agent hears that a task is to be stopped.
    """
    before = [ready(capacity.attached), *endpoints.available]
    if capacity.group:
        before = [stack.ensure(ContainerInstances(stack.name, cluster.name), after=before)]
    return Drain(stack.ensure(RunningTasks(stack.name, cluster.name), after=before))
