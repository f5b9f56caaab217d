"""CloudWatch: alarms on metrics that are measured here, and the metrics that AWS's own services report."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "cloudwatch",
    signing="monitoring",
    responses="cloudwatch.responses:CloudWatchResponse",
    too_long="ValidationError",
    pages=Pages(Bounds(50, 1, 100), "InvalidNextToken", "ValidationError"),
    lists={"DescribeAlarms": Bounds(50, 1, 100)},
    codes=Codes("Throttling", "InternalFailure", "ServiceUnavailable"),
    modules=("alarms", "states", "metrics"),
)
