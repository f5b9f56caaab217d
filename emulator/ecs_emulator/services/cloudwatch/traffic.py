"""Counts of the requests that load balancers really serve, by minutes of the clock.

Names and dimensions: User Guide for Application Load Balancers, "CloudWatch metrics for your Application Load
Balancer". A count that stayed at zero in a minute has no point, as on AWS.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ecs_emulator.clock import CLOCK
from ecs_emulator.patch import on_reset

MINUTE = 60
KEPT_MINUTES = 24 * 60
"""Minutes to keep: an alarm with periods below an hour looks back a day at most (API reference, PutMetricAlarm)."""
SECONDS = "TargetResponseTime"
"""The metric that has a value for each request; all others count."""
_BALANCER, _GROUP = "LoadBalancer", "TargetGroup"


@dataclass
class _Minute:
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


_Minutes = defaultdict[int, _Minute]
_served: dict[str, dict[str, _Minutes]] = {}
"""Counts by the dimensions of load balancer and target group; the group is empty if no target got the request."""
_counting = threading.Lock()


def serve(balancer: str) -> None:
    """Mark that a load balancer really serves: from now on it reports its own counts."""
    _served.setdefault(_dimension(balancer), {})


def serves(balancer: str) -> bool:
    """Return whether a load balancer, named by its dimension, has ever really served."""
    return balancer in _served


def answered(balancer: str, group: str, status: int, seconds: float) -> None:
    """Count a request that a target has answered.

    Args:
        balancer, group: their ARNs.
        seconds: the time until the answer, on this machine's clock.
    """
    with _counting:
        minute = _minute(balancer, _dimension(group))
        minute.counts.update(["RequestCount", f"HTTPCode_Target_{status // 100}XX_Count"])
        minute.seconds.append(seconds)


def unanswered(balancer: str, group: str, status: int) -> None:
    """Count a request that the load balancer answered itself: a target failed, or no target was left."""
    with _counting:
        counts = _minute(balancer, _dimension(group) if group else "").counts
        counts.update([f"HTTPCode_ELB_{status // 100}XX_Count", f"HTTPCode_ELB_{status}_Count"])
        if group:
            counts["RequestCount"] += 1


def statistic(metric: str, stat: str, dimensions: Mapping[str, str], minutes: Iterable[int]) -> float | None:
    """Return a statistic of the counts in these minutes since the epoch; None if nothing was counted.

    Each request is one sample: Sum and SampleCount of a count are the count, and all other statistics are 1.

    Args:
        dimensions: the dimensions of the load balancer, of a target group, or both.
    """
    with _counting:
        found = [one for minute in minutes for one in _of(dimensions, minute)]
        if metric == SECONDS:
            return of_values(stat, [second for one in found for second in one.seconds])
        count = float(sum(one.counts[metric] for one in found))
    return (count if stat in ("Sum", "SampleCount") else 1.0) if count else None


def of_values(stat: str, values: Sequence[float]) -> float | None:
    """Return one statistic of values; None if there are none. Percentiles use the nearest rank."""
    if not values:
        return None
    if stat.startswith("p"):
        ordered = sorted(values)
        return ordered[max(0, math.ceil(float(stat[1:]) / 100 * len(ordered)) - 1)]
    if stat == "Sum":
        return math.fsum(values)
    if stat == "Average":
        return math.fsum(values) / len(values)
    if stat == "SampleCount":
        return float(len(values))
    return min(values) if stat == "Minimum" else max(values)


@on_reset
def forget() -> None:
    """Drop all counts."""
    _served.clear()


def _minute(balancer: str, group: str) -> _Minute:
    now = int(CLOCK.time()) // MINUTE
    minutes = _served.setdefault(_dimension(balancer), {}).setdefault(group, defaultdict(_Minute))
    for old in [one for one in minutes if one < now - KEPT_MINUTES] if now not in minutes else ():
        del minutes[old]
    return minutes[now]


def _dimension(arn: str) -> str:
    """Return CloudWatch's dimension of a load balancer or a target group: the end of its ARN."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


def _of(dimensions: Mapping[str, str], minute: int) -> Iterator[_Minute]:
    """Yield the counts of a minute with these dimensions, one for each target group."""
    for balancer, groups in _served.items():
        for group, minutes in groups.items():
            ours = {_BALANCER: balancer, _GROUP: group}
            if minute in minutes and dimensions and all(ours.get(name) == value for name, value in dimensions.items()):
                yield minutes[minute]
