"""The container instances of a stack that sleeps: the minimum of their group, and the wait until they have ended."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Declared
from provisioner.engine.words import count
from provisioner.operations.sizing.waiting import wait
from provisioner.resources.autoscaling import AutoScalingGroup, MinimumSize
from provisioner.resources.ecs.cluster import container_instances, own_clusters

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.events import Emit
    from provisioner.state.model import Record

GROUP, MINIMUM = f"{AutoScalingGroup.type_name}/main", f"{MinimumSize.type_name}/main"
TIMEOUT, LOOK_SECONDS = 3600.0, 15.0
"""Seconds that ECS may take to end instances without tasks; seconds between two reads of them."""


def declare_minimum(config: Config, records: Mapping[str, Record]) -> dict[str, Declared]:
    """Return the declaration of the group's minimum number of instances, as `up` makes it; none without a minimum."""
    group = records.get(GROUP)
    if group is None or group.id is None or not config.capacity.min:
        return {}
    minimum = MinimumSize("main", group.id, config.capacity.min)
    built_on = [GROUP, *(address for address in records if address.startswith("running_tasks/"))]
    return {MINIMUM: Declared(minimum, (), "minimum", recorded=tuple(built_on))}


def wait_until_ended(aws: Aws, emit: Emit) -> None:
    """Wait until ECS has ended the instances, whose agents need their route to AWS until then (steps/drain.py)."""
    wait(aws, emit, "capacity", partial(_find_left, aws), timeout=TIMEOUT, look_seconds=LOOK_SECONDS)


def _find_left(aws: Aws) -> dict[str, str]:
    found = [one for cluster in own_clusters(aws) for one in container_instances(aws, cluster)]
    why = f"{count(len(found), 'container instance')} left: ECS ends them 15 to 20 minutes after their last task"
    return {GROUP: why} if found else {}
