"""Refusals of metrics of one's own in target tracking: one metric, or metric math that returns one series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ecs_emulator.patch import refuse

_ID = re.compile(r"[a-z][A-Za-z0-9_]*", re.ASCII)
_INVALID = "ValidationException"


def check(metric: Mapping[str, Any]) -> None:
    """Refuse both forms or none, ids that are no names or twice there, and not exactly one returned series.

    Sources: API reference, CustomizedMetricSpecification and TargetTrackingMetricDataQuery; user guide, "Create a
    target tracking scaling policy using metric math".
    """
    if not metric:
        return
    queries = metric.get("Metrics")
    if bool(queries) == bool(metric.get("MetricName")):
        refuse(_INVALID, "A customized metric specification has either one metric, or metrics for metric math.")
    if not queries:
        return
    ids = [str(one.get("Id")) for one in queries]
    if len(ids) != len(set(ids)) or not all(map(_ID.fullmatch, ids)):
        refuse(_INVALID, "Each metric data query has an id of its own, which begins with a lowercase letter.")
    if any(("Expression" in one) == ("MetricStat" in one) for one in queries):
        refuse(_INVALID, "Each metric data query has either an expression, or a metric and its statistic.")
    if sum(one.get("ReturnData", True) for one in queries) != 1:
        refuse(_INVALID, "Exactly one of the metric data queries returns data.")
