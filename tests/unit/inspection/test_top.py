"""The queries of `top` to CloudWatch, and its drawing of missing values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from provisioner.aws.client import Aws
from provisioner.operations.inspection.usage import SECOND, Usage, joined
from provisioner.render import usage
from provisioner.resources.cloudwatch.metrics import MOST, Metric, values

HOUR = 1_800_000_000 // 3600 * 3600
FULL = [float(n) for n in range(60)]


class Pages:
    """A stand-in that answers each metric with two points, one before the requested time, and notes the queries."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def pages(self, *what: str, **asked: Any) -> Iterator[dict[str, Any]]:
        assert what == ("cloudwatch", "get_metric_data", "MetricDataResults")
        self.asked.append(len(asked["MetricDataQueries"]))
        moments = [datetime.fromtimestamp(HOUR + seconds, UTC) for seconds in (120, -60)]
        for query in asked["MetricDataQueries"]:
            yield {"Id": query["Id"], "Timestamps": moments, "Values": [7.0, 1.0]}
            yield {"Id": query["Id"]}


@pytest.mark.parametrize(("number", "calls"), [(0, []), (6, [6]), (MOST, [MOST]), (MOST + 1, [MOST, 1])])
def test_all_metrics_are_read_with_as_few_calls_as_aws_takes(number: int, calls: list[int]) -> None:
    aws, metrics = Pages(), [Metric("AWS/ECS", "CPUUtilization", "Average", (("n", str(n)),)) for n in range(number)]
    found = values(cast("Aws", aws), metrics, HOUR, HOUR + 300)
    assert aws.asked == calls
    # a series without points is not reported, which is not 0
    assert list(found.values()) == [[None, None, 7.0, None, None]] * number


@pytest.mark.parametrize(
    ("points", "drawn"),
    [
        ([], ""),
        ([None] * 60, ""),
        ([0.0] * 60, "▁▁▁▁"),
        (FULL, "▃▄▆█"),
        ([None] * 30 + FULL[:30], "  ▄█"),
        ([None] * 15 + [0.0] * 15 + [None] * 15 + [5.0] * 15, " ▁ █"),
    ],
)
def test_a_blank_stands_where_nothing_is_reported(points: list[float | None], drawn: str) -> None:
    assert usage.spark(points, 4) == drawn


def test_percent_are_drawn_of_a_hundred() -> None:
    assert usage.spark([50.0] * 8, 4, top=100.0) == "▅▅▅▅"
    assert usage.spark([250.0] * 8, 4, top=100.0) == "████"


@pytest.mark.parametrize("width", [80, 120, 300])
def test_a_line_for_each_service_fits(width: int) -> None:
    web = Usage("a-service-with-a-very-long-name", FULL, FULL, [99_000.0] * 60, [0.0123] * 60, [2.5] * 60, [None] * 60)
    silent = Usage("worker", [None] * 60, [None] * 60)
    head, first, second = usage.lines([web, silent], width)
    assert max(map(len, (head, first, second))) <= width
    assert first.split()[0] == "a-service-with-…"
    assert "12 ms" in first
    assert "2.5 s" in first
    assert "99k" in first
    assert second.split() == ["worker", "-", "-"]


def test_a_terminal_without_unicode_has_bars_too() -> None:
    (_, line) = usage.lines([Usage("worker", FULL, FULL)], 80, usage.PLAIN)
    assert line.isascii()
    assert "#" in usage.spark(FULL, 4, usage.PLAIN)


def test_both_target_groups_of_a_service_count() -> None:
    points = {"cpu": [1.0, None, 3.0], "requests": [5.0, None, None], "p50": [0.1, 0.2, None]}
    second = {f"requests{SECOND}": [1.0, 2.0, None], f"p50{SECOND}": [0.3, None, None]}
    assert joined(points) == points
    assert joined(points | second) == {"cpu": [1.0, None, 3.0], "requests": [6.0, 2.0, None], "p50": [0.3, 0.2, None]}
