"""ECS, EC2 Auto Scaling and Application Auto Scaling as AWS answers them, with tasks that run."""

from __future__ import annotations

import threading
import time
import traceback
from importlib import import_module

from provisioner.cloud.clock import scale
from provisioner.cloud.lock import LOCK

_MODULES = (
    "clusters",
    "providers",
    "settings",
    "task_definitions",
    "services",
    "revisions",
    "tasks",
    "container_instances",
)


def install() -> None:
    """Put this ECS in the place of moto's, lay the rules over its Auto Scaling, and start the reconciler."""
    from moto.ecs import urls

    from provisioner.cloud.ecs.dispatch import EcsResponse

    for name in (*_MODULES, "groups", "group_rules", "refresh_rules", "scaling"):
        import_module(f"{__name__}.{name}")
    urls.url_paths["{0}/$"] = EcsResponse.dispatch
    threading.Thread(target=_reconcile, name="ecs", daemon=True).start()


def tick() -> None:
    """One round of everything that moves by itself, in every region in use."""
    from provisioner.cloud.ecs import (
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
    from provisioner.cloud.ecs.store import stores

    for kept in stores():
        with LOCK:
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


def _reconcile() -> None:
    while True:
        time.sleep(min(0.25, scale()))
        try:
            tick()
        except Exception:  # noqa: BLE001
            # A round that fails must not end the rounds: the log shows it, the next may do better.
            traceback.print_exc()
