"""Refusals by CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.cloud.refusals.case import Case, parameter

case = partial(Case, "cloudwatch")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def query(number: int) -> dict[str, Any]:
    metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization"}
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}


CASES = (
    case("GetMetricData", "of more than 500 metrics", "ValidationError", parameter("MetricDataQueries"),
        lambda s, c: c.get_metric_data(
            MetricDataQueries=[query(number) for number in range(501)], StartTime=NOW - timedelta(hours=1), EndTime=NOW
        ), "must not have a size greater than 500"),
)  # fmt: skip
