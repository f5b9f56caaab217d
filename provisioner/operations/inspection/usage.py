"""Read the load of services in the last hour from CloudWatch: CPU, memory, requests, response times, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import explaining
from provisioner.config.facts import balancer_of
from provisioner.operations.context import embedded_cloud
from provisioner.operations.context.reading import open_unlocked
from provisioner.operations.inspection.selection import named
from provisioner.resources.cloudwatch.metrics import PERIOD, Metric, values
from provisioner.resources.ecs.strategies import target_groups

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record

HOUR, SPAN = 3600, PERIOD
"""Seconds of the whole time span, and of one data point."""
ECS = {"cpu": ("CPUUtilization", "Average"), "memory": ("MemoryUtilization", "Average")}
"""ECS developer guide, "Amazon ECS service utilization metrics": percent of the tasks' reservation."""
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
    """The load of one service minute by minute, the oldest first; None where CloudWatch has no data point.

    Attributes:
        cpu, memory: the average use in percent of the capacity that its tasks reserve.
        requests: the number of answered requests; empty for a service that is not behind the load balancer.
        p50, p99: the seconds until the answer began; empty likewise.
        errors: the number of answers of its tasks with status 5xx; empty likewise.
    """

    service: str
    cpu: Points
    memory: Points
    requests: Points = ()
    p50: Points = ()
    p99: Points = ()
    errors: Points = ()


def usage(options: Options, names: Sequence[str]) -> tuple[str, int, list[Usage], bool]:
    """Return the stack's name, the start of the hour (seconds since the epoch), the load of services in it.

    The last part says whether no container runs, so that the embedded cloud has invented the numbers.

    Makes only read calls. One call suffices for some eighty services; the state contains the metrics' dimensions.

    Args:
        names: the services; empty: all.

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
    found_usage = [Usage(name, **joined(points)) for name, points in by_service.items()]
    return config.name, end - HOUR, found_usage, embedded_cloud.is_simulated(options, config)


def _metrics(service: Record, records: Mapping[str, Record]) -> dict[str, Metric]:
    told: Mapping[str, Any] = service.arguments
    own = (("ClusterName", str(told["cluster"])), ("ServiceName", str(told["service_name"])))
    metrics = {what: Metric("AWS/ECS", name, stat, own) for what, (name, stat) in ECS.items()}
    if (balancer := _balancer(records)) and (behind := next(iter(told.get("load_balancers") or ()), None)):
        for suffix, group in zip(("", SECOND), target_groups(behind), strict=False):
            # the dimensions are the last parts of the ARNs: app/name/id, targetgroup/name/id
            place = (
                ("LoadBalancer", balancer),
                ("TargetGroup", group.rpartition(":")[2]),
            )
            metrics |= {f"{what}{suffix}": Metric("AWS/ApplicationELB", *how, place) for what, how in BALANCER.items()}
    return metrics


def _balancer(records: Mapping[str, Record]) -> str:
    """Return the name in CloudWatch, `app/name/id`, of the stack's own load balancer, or of an existing listener's."""
    own = next((str(one.id) for one in records.values() if one.type == "load_balancer" and one.id), "")
    rules = (str(one.arguments["listener_arn"]) for one in records.values() if one.type == "listener_rule" and one.id)
    return (own or balancer_of(next(rules, ""))).partition(":loadbalancer/")[2]


def joined(points: Mapping[str, Points]) -> dict[str, Points]:
    """Join the data points of the two target groups between which ECS shifts a service's traffic.

    Requests and errors are added. The longer response time counts: a percentile of both groups is not known.
    """
    both = {what: values for what, values in points.items() if not what.endswith(SECOND)}
    for what, join in (("requests", sum), ("errors", sum), ("p50", max), ("p99", max)):
        if other := points.get(f"{what}{SECOND}"):
            pairs = ([one for one in pair if one is not None] for pair in zip(both[what], other, strict=True))
            both[what] = [float(join(pair)) if pair else None for pair in pairs]
    return both
