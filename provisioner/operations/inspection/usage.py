"""What the services took and answered in the last hour, as CloudWatch has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import explaining
from provisioner.operations.context.reading import open_unlocked
from provisioner.operations.inspection.selection import named
from provisioner.resources.cloudwatch.metrics import PERIOD, Metric, values
from provisioner.resources.ecs.strategies import target_groups

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record

HOUR, SPAN = 3600, PERIOD
"""Seconds that are looked back, and of one point."""
ECS = {"cpu": ("CPUUtilization", "Average"), "memory": ("MemoryUtilization", "Average")}
"""ECS developer guide, "Amazon ECS service utilization metrics": percent of what the tasks reserve."""
BALANCER = {
    "requests": ("RequestCount", "Sum"),
    "p50": ("TargetResponseTime", "p50"),
    "p99": ("TargetResponseTime", "p99"),
    "errors": ("HTTPCode_Target_5XX_Count", "Sum"),
}
"""User Guide for Application Load Balancers, "CloudWatch metrics": response times in seconds."""

SECOND = " of the second group"

Points = Sequence[float | None]


@dataclass(frozen=True)
class Usage:
    """One service, minute by minute, the oldest first; None where CloudWatch has no point.

    Attributes:
        cpu, memory: percent of what its tasks reserve, on average.
        requests, errors: answered, and answered by its tasks with 5xx; p50, p99: seconds until the answer began. Empty
            of a service that is not behind the load balancer.
    """

    service: str
    cpu: Points
    memory: Points
    requests: Points = ()
    p50: Points = ()
    p99: Points = ()
    errors: Points = ()


def usage(options: Options, names: Sequence[str]) -> tuple[str, int, list[Usage]]:
    """Return the stack, when the hour began (seconds since the epoch), and what services did in it. Only reads.

    All of it is one call for some eighty services; what the metrics are called is in the state.

    Args:
        names: of services; all if there are none.

    Raises:
        ConfigurationError: there is no such service, or it is not in the stack yet.
        ApiError: the read was refused.
    """
    config, aws, state = open_unlocked(options)
    aws = aws.reading()
    there = {one.address.partition("/")[2]: one for one in state.records.values() if one.type == "service" and one.id}
    chosen = named(options, config, there, names, "service", config.services)
    asked = {name: _metrics(record, state.records) for name, record in chosen.items()}
    end = int(aws.pace.time()) // PERIOD * PERIOD
    with explaining():
        found = values(aws, [metric for own in asked.values() for metric in own.values()], end - HOUR, end)
    by_service = {name: {what: found[metric] for what, metric in own.items()} for name, own in asked.items()}
    return config.name, end - HOUR, [Usage(name, **joined(points)) for name, points in by_service.items()]


def _metrics(service: Record, records: Mapping[str, Record]) -> dict[str, Metric]:
    told: Mapping[str, Any] = service.arguments
    own = (("ClusterName", str(told["cluster"])), ("ServiceName", str(told["service_name"])))
    metrics = {what: Metric("AWS/ECS", name, stat, own) for what, (name, stat) in ECS.items()}
    balancer = next((str(one.id) for one in records.values() if one.type == "load_balancer" and one.id), "")
    if balancer and (behind := next(iter(told.get("load_balancers") or ()), None)):
        for suffix, group in zip(("", SECOND), target_groups(behind), strict=False):
            # the dimensions are the last parts of the ARNs: app/name/id, targetgroup/name/id
            place = (
                ("LoadBalancer", balancer.partition(":loadbalancer/")[2]),
                ("TargetGroup", group.rpartition(":")[2]),
            )
            metrics |= {f"{what}{suffix}": Metric("AWS/ApplicationELB", *how, place) for what, how in BALANCER.items()}
    return metrics


def joined(points: Mapping[str, Points]) -> dict[str, Points]:
    """Join what CloudWatch has of the two target groups between which ECS shifts a service's traffic.

    Numbers are added. Of response times the longer one counts: how many requests each is about is not told.
    """
    both = {what: values for what, values in points.items() if not what.endswith(SECOND)}
    for what, join in (("requests", sum), ("errors", sum), ("p50", max), ("p99", max)):
        if other := points.get(f"{what}{SECOND}"):
            pairs = ([one for one in pair if one is not None] for pair in zip(both[what], other, strict=True))
            both[what] = [float(join(pair)) if pair else None for pair in pairs]
    return both
