"""Metrics that the embedded cloud measures itself; its alarms follow no others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from ecs_emulator.ecs.store import Store
from ecs_emulator.services.cloudwatch import traffic
from ecs_emulator.services.events import bus
from ecs_emulator.services.scheduler import attempts
from ecs_emulator.services.sqs import lengths
from ecs_emulator.services.stepfunctions.machines import ended

BALANCER, EVENTS, INSIGHTS = "AWS/ApplicationELB", "AWS/Events", "ECS/ContainerInsights"
SCHEDULER, STATES = "AWS/Scheduler", "AWS/States"
_ENDS = {"ExecutionsFailed": "FAILED", "ExecutionsTimedOut": "TIMED_OUT", "ExecutionsAborted": "ABORTED"}
"""Metrics of state machines, and the ends of executions that they count."""
MINUTE = 60
Source = Callable[[str, Iterable[int]], float | None]
"""Returns a statistic over minutes, counted from the epoch; None if the metric has no points in them."""


def source(kept: Store, namespace: str, metric: str, dimensions: Mapping[str, str]) -> Source | None:
    """Return the function that gives a metric's values; None if the metric is not measured here.

    A load balancer that has never really served, as without containers, has counted nothing.
    """
    if namespace == BALANCER and metric.startswith(("HTTPCode_", "RequestCount", traffic.SECONDS)):
        return lambda stat, minutes: traffic.statistic(metric, stat, dimensions, minutes)
    if (namespace, metric) == (INSIGHTS, "RunningTaskCount") and {*dimensions} == {"ClusterName", "ServiceName"}:
        return lambda stat, minutes: _running(kept, dimensions["ClusterName"], dimensions["ServiceName"], stat, minutes)
    if (namespace, metric) == (EVENTS, "TriggeredRules") and {*dimensions} == {"RuleName"}:
        return lambda stat, minutes: traffic.of_values(
            stat, bus.triggered(kept.account, kept.region, dimensions["RuleName"], minutes)
        )
    if (namespace, metric) == (SCHEDULER, "InvocationDroppedCount") and {*dimensions} == {"ScheduleGroup"}:
        return lambda stat, minutes: traffic.of_values(
            stat, attempts.dropped(kept.account, kept.region, dimensions["ScheduleGroup"], minutes)
        )
    if namespace == lengths.NAMESPACE and metric in lengths.METRICS and {*dimensions} == {"QueueName"}:
        return lambda stat, minutes: traffic.of_values(
            stat, [*lengths.lengths(kept.account, kept.region, dimensions["QueueName"], metric, minutes)]
        )
    if namespace == STATES and metric in _ENDS and {*dimensions} == {"StateMachineArn"}:
        return lambda stat, minutes: traffic.of_values(
            stat, ended(kept.account, kept.region, dimensions["StateMachineArn"], _ENDS[metric], minutes)
        )
    return None


def _running(kept: Store, cluster: str, service: str, stat: str, minutes: Iterable[int]) -> float | None:
    """Return a statistic of the numbers of tasks that ran at the end of each minute; None if no minute has a number.

    Zero is a number too, but minutes before the service existed have none. Stopped tasks are kept for an hour, so the
    numbers of earlier minutes lack them.
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
