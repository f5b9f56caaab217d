"""Container Insights: create the performance log group of a watched cluster, even some time after its last task."""

from __future__ import annotations

from ecs_emulator import durations
from ecs_emulator.clock import CLOCK, later, passed
from ecs_emulator.ecs.records import Cluster
from ecs_emulator.ecs.store import Store

REPORT_SECONDS = 60.0
"""The interval of Container Insights (CloudWatch user guide, "Container Insights": one-minute intervals)."""


def settle(store: Store) -> None:
    """Write the performance log of clusters: create its log group, without tags, if it is missing.

    This goes on for a while after the last task and instance are gone, even if the cluster is gone as well
    (aws/containers-roadmap#2315).
    """
    for cluster in store.clusters.values():
        if _watched(cluster) and (any(store.tasks_of(cluster.name)) or any(store.instances_of(cluster.name))):
            cluster.reports_until = CLOCK.now() + CLOCK.durations.seconds(durations.INSIGHTS_LATE)
            if passed(cluster.next_report):
                cluster.next_report = later(REPORT_SECONDS)
        if not passed(cluster.reports_until):
            _write(store, f"/aws/ecs/containerinsights/{cluster.name}/performance")


def _watched(cluster: Cluster) -> bool:
    return any(one["name"] == "containerInsights" and one["value"] != "disabled" for one in cluster.settings)


def _write(store: Store, group: str) -> None:
    from moto.logs.models import logs_backends

    logs = logs_backends[store.account][store.region]
    if group not in logs.groups:
        logs.create_log_group(group, {})
