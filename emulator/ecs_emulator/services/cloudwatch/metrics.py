"""GetMetricData: up to 500 queries, and the metrics that ECS and load balancers report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.cloudwatch import series

MOST = 500
"""The most metrics in one call (API reference, GetMetricData)."""


@wrap(CloudWatchBackend, "get_metric_data")
def get_metric_data(
    original: Any,
    self: Any,
    queries: list[dict[str, Any]],
    start_time: datetime,
    end_time: datetime,
    scan_by: str = "TimestampAscending",
) -> list[dict[str, Any]]:
    """GetMetricData: refuse more than 500 metrics; show AWS's own metrics only in minutes with activity."""
    if len(queries) > MOST:
        refuse("ValidationError", f"The collection MetricDataQueries must not have a size greater than {MOST}.")
    results: list[dict[str, Any]] = original(self, queries, start_time, end_time, scan_by)
    asked = {query["Id"]: query["MetricStat"] for query in queries if "MetricStat" in query}
    for one in results:
        stat = asked.get(one["id"])
        if stat and stat["Metric"].get("Namespace") in series.NAMESPACES:
            points = series.points(self.account_id, self.region_name, stat, start_time, end_time)
            ordered = sorted(points, reverse=scan_by == "TimestampDescending")
            one |= {"timestamps": [moment for moment, _ in ordered], "values": [value for _, value in ordered]}
    return results
