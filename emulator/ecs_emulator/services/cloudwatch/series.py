"""Metrics that ECS and load balancers report, with points only in minutes with activity.

Metrics that can be measured here are measured (`measured`); the other numbers are invented.

Names and dimensions are AWS's: ECS developer guide, "Amazon ECS service utilization metrics"; User Guide for
Application Load Balancers, "CloudWatch metrics". A service reports while tasks of it run, and a target group while
requests flow, so that a count of errors has no point in a minute without errors. An invented number follows from the
name and the minute: each caller gets the same number at any time.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ecs_emulator.ecs.records import Service, now
from ecs_emulator.ecs.store import Store, store
from ecs_emulator.services.cloudwatch import measured, traffic
from ecs_emulator.services.cloudwatch.measured import BALANCER, EVENTS, INSIGHTS, SCHEDULER, STATES

ECS = "AWS/ECS"
NAMESPACES = frozenset({ECS, BALANCER, EVENTS, INSIGHTS, SCHEDULER, STATES})
MINUTE = 60
_CYCLE = 45
"""Minutes from one busy time of a service to the next."""
_FACTORS = {"Minimum": 0.3, "Average": 1.0, "Maximum": 8.0, "p50": 0.8, "p90": 2.0, "p95": 2.6, "p99": 4.0}
"""Factors from the average response time to its other statistics."""

Point = tuple[datetime, float]


def points(account: str, region: str, stat: Mapping[str, Any], start: datetime, end: datetime) -> Iterator[Point]:
    """Yield the points of one metric, the oldest first, each with the start of its period.

    Args:
        stat: the MetricStat of a GetMetricData query: `Metric`, `Period` and `Stat`.
    """
    kept, metric = store(account, region), stat["Metric"]
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
    value = _source(kept, metric["Namespace"], metric["MetricName"], dimensions)
    period = max(int(stat["Period"]) // MINUTE, 1) * MINUTE
    first = int(start.replace(tzinfo=start.tzinfo or UTC).timestamp()) // period * period
    # the minute under way is not reported yet
    last = min(end.replace(tzinfo=end.tzinfo or UTC).timestamp(), now().timestamp() // MINUTE * MINUTE)
    moment = first
    while value and moment < last:
        found = value(stat["Stat"], range(moment // MINUTE, (moment + period) // MINUTE))
        if found is not None:
            yield datetime.fromtimestamp(moment, UTC), found
        moment += period


def _source(kept: Store, namespace: str, metric: str, dimensions: Mapping[str, str]) -> measured.Source | None:
    """Return the function that gives a metric's values, measured or invented; None if no service reports it."""
    real = namespace != BALANCER or traffic.serves(dimensions.get("LoadBalancer", ""))
    if real and (found := measured.source(kept, namespace, metric, dimensions)):
        return found
    service = _service(kept, namespace, dimensions)
    if service is None:
        return None
    running, name = _running(kept, service), f"{service.cluster}/{service.name}"

    def invented(stat: str, minutes: Iterable[int]) -> float | None:
        value = _value(metric, name, stat)
        found = [value(one) for one in minutes if running(one)] if value else []
        return traffic.of_values(stat if stat[:1] != "p" else "Maximum", [one for one in found if one is not None])

    return invented


def _service(kept: Store, namespace: str, dimensions: Mapping[str, str]) -> Service | None:
    """Return the service that reports metrics with exactly these dimensions; None if there is none."""
    names = {*dimensions}
    if namespace == ECS and names == {"ClusterName", "ServiceName"}:
        wanted = (dimensions["ClusterName"], dimensions["ServiceName"])
        return next((one for one in kept.services.values() if (one.cluster, one.name) == wanted), None)
    if namespace == BALANCER and names == {"LoadBalancer", "TargetGroup"}:
        arn = f"arn:aws:elasticloadbalancing:{kept.region}:{kept.account}:{dimensions['TargetGroup']}"
        if not _forwards(kept, arn, dimensions["LoadBalancer"]):
            return None
        return next((one for one in kept.services.values() if arn in _target_groups(one)), None)
    return None


def _target_groups(service: Service) -> list[str]:
    return [str(one.get("targetGroupArn")) for one in service.shape.get("loadBalancers", ())]


def _forwards(kept: Store, target_group: str, balancer: str) -> bool:
    from moto.elbv2.models import elbv2_backends

    group = elbv2_backends[kept.account][kept.region].target_groups.get(target_group)
    return group is not None and any(arn.endswith(f":loadbalancer/{balancer}") for arn in group.load_balancer_arns)


def _running(kept: Store, service: Service) -> Callable[[int], bool]:
    """Return a function that tells whether a task of the service ran in a minute, counted from the epoch."""
    spans = [
        (began.timestamp(), ended.timestamp() if (ended := task.times.get("stoppedAt")) else math.inf)
        for task in list(kept.tasks.values())
        if (task.cluster, task.service) == (service.cluster, service.name) and (began := task.times.get("startedAt"))
    ]
    return lambda minute: any(began < (minute + 1) * MINUTE and ended > minute * MINUTE for began, ended in spans)


def _value(metric: str, name: str, stat: str) -> Callable[[int], float | None] | None:
    """Return a function from a minute to the invented value, None without a point; None for an unknown metric."""
    size = _chance(name)

    def busy(minute: int) -> float:
        return 1 + 0.3 * math.sin(2 * math.pi * (minute / _CYCLE + size))

    def errors(minute: int) -> float | None:
        return float(1 + minute % 3) if _chance(name, "error", minute) > 0.93 else None

    values: dict[str, Callable[[int], float | None]] = {
        "CPUUtilization": lambda m: round((10 + 30 * size) * busy(m) + 4 * _chance(name, "cpu", m), 2),
        "MemoryUtilization": lambda m: round(35 + 30 * size + _chance(name, "memory", m), 2),
        "RequestCount": lambda m: float(round((60 + 300 * size) * busy(m) + 12 * _chance(name, "request", m))),
        "TargetResponseTime": lambda m: round(_FACTORS.get(stat, 1.0) * (0.015 + 0.04 * size) * busy(m), 6),
        "HTTPCode_Target_5XX_Count": errors,
    }
    return values.get(metric)


def _chance(*what: object) -> float:
    """Return a number from 0 to 1 that depends only on the arguments."""
    return int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:4]) / 2**32
