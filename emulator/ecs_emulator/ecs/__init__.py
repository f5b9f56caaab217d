"""ECS, EC2 Auto Scaling and Application Auto Scaling with AWS's answers, and with tasks that run."""

from __future__ import annotations

import traceback
from collections.abc import Hashable
from importlib import import_module
from typing import TYPE_CHECKING

from ecs_emulator.lock import LOCK

if TYPE_CHECKING:
    from ecs_emulator.ecs.store import Store

ROUNDS = 100
"""The most rounds at one moment: a change that follows from another one happens a round later."""
_MODULES = (
    "clusters",
    "providers",
    "settings",
    "task_definitions",
    "services",
    "deployments",
    "revisions",
    "tasks",
    "run_tasks",
    "execute_command",
    "container_instances",
)


def install() -> None:
    """Replace moto's ECS by this one, and add our rules to moto's Auto Scaling."""
    from moto.ecs import urls

    from ecs_emulator.ecs.dispatch import EcsResponse
    from ecs_emulator.patch import replace

    for name in (*_MODULES, "groups", "group_rules", "refresh_rules", "scaling"):
        import_module(f"{__name__}.{name}")
    replace(urls, "url_paths")({**urls.url_paths, "{0}/$": EcsResponse.dispatch})


def tick() -> None:
    """Advance everything that changes by itself as far as this moment allows, in every Region in use."""
    from ecs_emulator.ecs.store import stores

    for kept in stores():
        with LOCK:
            shape = _shape(kept)
            for _ in range(ROUNDS):
                try:
                    _round(kept)
                except Exception:  # noqa: BLE001 (the log shows it; later changes may succeed)
                    traceback.print_exc()
                    break
                before, shape = shape, _shape(kept)
                if shape == before:
                    break


def _shape(kept: Store) -> Hashable:
    """Return a snapshot for comparison: it is equal before and after a round that changes nothing."""
    from ecs_emulator.ecs import probes

    groups = kept.autoscaling.autoscaling_groups.values()
    return (
        probes.states(),
        tuple((one.name, one.status, one.busy_until) for one in kept.clusters.values()),
        tuple((one.name, one.status, one.update_status) for one in kept.providers.values()),
        tuple(one.status for revisions in kept.definitions.values() for one in revisions),
        tuple(
            (
                one.arn,
                one.status,
                one.desired,
                one.retry_at,
                *((each.id, each.state) for each in one.deployments),
                *((each.id, each.status, each.stage) for each in one.history[:1]),
            )
            for one in kept.services.values()
        ),
        tuple((one.id, one.status, one.desired, one.next_at, one.instance) for one in kept.tasks.values()),
        tuple((one.arn, one.status, one.connected) for one in kept.instances.values()),
        tuple((one.id, one.state) for one in kept.ec2.all_instances()),
        tuple(
            (one.name, one.desired_capacity, one.status, *(state.lifecycle_state for state in one.instance_states))
            for one in groups
        ),
    )


def _round(kept: Store) -> None:
    from ecs_emulator.ecs import (
        clusters,
        container_instances,
        groups,
        insights,
        lifecycle,
        providers,
        scaling,
        scheduler,
        task_definitions,
    )

    clusters.settle(kept)
    providers.settle(kept)
    task_definitions.settle(kept)
    groups.settle(kept)
    container_instances.settle(kept)
    for service in list(kept.services.values()):
        scheduler.schedule(kept, service)
    for task in list(kept.tasks.values()):
        lifecycle.step(kept, task)
    scaling.scale(kept)
    insights.settle(kept)
