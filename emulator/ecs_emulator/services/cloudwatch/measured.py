"""The metrics that follow from what happens in the embedded cloud, by which its alarms go off."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from ecs_emulator.ecs.store import Store
from ecs_emulator.services.cloudwatch import traffic
from ecs_emulator.services.events import bus

BALANCER, EVENTS, INSIGHTS = "AWS/ApplicationELB", "AWS/Events", "ECS/ContainerInsights"
MINUTE = 60
Source = Callable[[str, Iterable[int]], float | None]
"""Returns a statistic of the minutes from the epoch on; None if the metric has no points in them."""


def source(kept: Store, namespace: str, metric: str, dimensions: Mapping[str, str]) -> Source | None:
    """Return where the values of a metric come from; None if it is not measured here.

    Before a load balancer has really served, as without containers, there is nothing that it could have counted.
    """
    if namespace == BALANCER and metric.startswith(("HTTPCode_", "RequestCount", traffic.SECONDS)):
        return lambda stat, minutes: traffic.statistic(metric, stat, dimensions, minutes)
    if (namespace, metric) == (INSIGHTS, "RunningTaskCount") and {*dimensions} == {"ClusterName", "ServiceName"}:
        return lambda stat, minutes: _running(kept, dimensions["ClusterName"], dimensions["ServiceName"], stat, minutes)
    if (namespace, metric) == (EVENTS, "TriggeredRules") and {*dimensions} == {"RuleName"}:
        return lambda stat, minutes: traffic.of_values(
            stat, bus.triggered(kept.account, kept.region, dimensions["RuleName"], minutes)
        )
    return None


def _running(kept: Store, cluster: str, service: str, stat: str, minutes: Iterable[int]) -> float | None:
    """How many tasks of a service ran at the end of each minute; nothing before it was there, and none is a number too.

    Tasks that have stopped are known for an hour, so that of earlier minutes those are missing.
    """
    there = kept.services.get(f"{cluster}/{service}")
    if there is None:
        return None
    since = min((one.created.timestamp() for one in there.revisions.values()), default=math.inf)
    spans = [
        (began, task.times.get("stoppedAt") or datetime.max.replace(tzinfo=UTC))
        for task in list(kept.tasks.values())
        if (task.cluster, task.service) == (cluster, service) and (began := task.times.get("startedAt"))
    ]
    ends = [datetime.fromtimestamp((one + 1) * MINUTE, UTC) for one in minutes]
    found = [float(sum(began <= end < ended for began, ended in spans)) for end in ends if end.timestamp() > since]
    return traffic.of_values(stat, found)
