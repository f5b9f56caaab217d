"""The minimum number of instances, with or without tasks: `capacity.min`."""

from __future__ import annotations

from provisioner import Stack, step
from provisioner.resources.autoscaling import MinimumSize
from provisioner.steps.capacity import Capacity
from provisioner.steps.drain import Drain


@step
def minimum(stack: Stack, capacity: Capacity, drain: Drain) -> None:
    """Declare the group's minimum size, once its capacity provider is attached and the endpoints are available.

    An instance that boots before the endpoints exist never finds its cluster. At teardown the minimum is deleted first,
    so that no instance is launched in place of a drained one.
    """
    if capacity.group and not stack.facts.sizes.asleep and (least := stack.config.capacity.min):
        stack.ensure(MinimumSize("main", capacity.group.id, least), after=[drain.handle])
