"""CloudWatch's metrics of services, read in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.permissions import Use, grants

MOST = 500
"""The most metrics that one call returns (API reference, GetMetricData)."""
PERIOD = 60
"""The seconds of one point: ECS and load balancers report each minute."""
PERMISSIONS = tuple(grants("cloudwatch", "GetMetricData", use=Use.OTHER, why="top"))
"""The permission to read metrics; GetMetricData supports no resources.

Source: Service Authorization Reference, Amazon CloudWatch.
"""


@dataclass(frozen=True)
class Metric:
    """One metric and its statistic, as GetMetricData takes them."""

    namespace: str
    name: str
    stat: str
    dimensions: tuple[tuple[str, str], ...]


def values(aws: Aws, metrics: Sequence[Metric], start: int, end: int) -> dict[Metric, list[float | None]]:
    """Return each metric minute by minute; None for a minute without a point, which was not reported, or not yet.

    Args:
        start, end: seconds since the epoch, of whole minutes.
    """
    found: dict[Metric, list[float | None]] = {one: [None] * ((end - start) // PERIOD) for one in metrics}
    for some in batches(list(found), MOST):
        by_id = {f"m{number}": metric for number, metric in enumerate(some)}
        asked = {
            "MetricDataQueries": [_query(name, metric) for name, metric in by_id.items()],
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
        }
        for result in aws.pages("cloudwatch", "get_metric_data", "MetricDataResults", **asked):
            _note(found[by_id[result["Id"]]], result, start)
    return found


def _query(name: str, metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in metric.dimensions]
    what = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": what, "Period": PERIOD, "Stat": metric.stat}}


def _note(points: list[float | None], result: Mapping[str, Any], start: int) -> None:
    for moment, value in zip(result.get("Timestamps", ()), result.get("Values", ()), strict=False):
        place = int(moment.timestamp() - start) // PERIOD
        if 0 <= place < len(points):
            points[place] = float(value)
