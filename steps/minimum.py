"""Instances that are there whether or not a task needs them: `capacity.min`."""

from __future__ import annotations

from provisioner import Stack, step
from provisioner.resources.autoscaling import MinimumSize
from provisioner.steps.capacity import Capacity
from provisioner.steps.drain import Drain


@step
def minimum(stack: Stack, capacity: Capacity, drain: Drain) -> None:
    """Declare how small the group may get, once its capacity provider is attached and the endpoints are there.

    An instance that boots before the latter never finds its cluster. At teardown it goes first of all, so that no
    instance is launched in place of one that is drained.
    """
    if capacity.group and not stack.facts.sizes.asleep and (least := stack.config.capacity.min):
        stack.ensure(MinimumSize("main", capacity.group.id, least), after=[drain.handle])
