"""ECS, EC2 Auto Scaling and Application Auto Scaling as AWS answers them, with tasks that run."""

from __future__ import annotations

import threading
import time
import traceback
from importlib import import_module

from provisioner.cloud.clock import due, scale
from provisioner.cloud.lock import LOCK

RARELY = 0.25
"""Real seconds between two rounds at the most, whether anything is due or not."""
ROUNDS = 5
"""Rounds after something was due: one thing follows from another, a round later each."""
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
    left, last = ROUNDS, 0.0
    while True:
        time.sleep(min(RARELY, scale()))
        if due():
            left = ROUNDS
        if not left and time.monotonic() < last + RARELY:
            continue
        left, last = max(left - 1, 0), time.monotonic()
        try:
            tick()
        except Exception:  # noqa: BLE001
            # A round that fails must not end the rounds: the log shows it, the next may do better.
            traceback.print_exc()
