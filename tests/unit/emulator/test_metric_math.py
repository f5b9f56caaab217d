"""Metric math of the embedded cloud: arithmetic, FILL and IF over points that may be missing."""

from __future__ import annotations

import pytest

from ecs_emulator.services.cloudwatch.metric_math import Unknown, value

BACKLOG = "(waiting + underway) * IF(running > 0, 1, 11) / IF(running > 0, running, 1)"


@pytest.mark.parametrize(
    ("expression", "values", "wanted"),
    [
        ("a + b * 2", {"a": 1.0, "b": 3.0}, 7.0),
        ("a / b", {"a": 1.0, "b": 0.0}, None),
        ("a / b", {"a": 1.0, "b": None}, None),
        ("a / FILL(b, 2)", {"a": 1.0, "b": None}, 0.5),
        (BACKLOG, {"waiting": 1.0, "underway": 0.0, "running": 0.0}, 11.0),
        (BACKLOG, {"waiting": 30.0, "underway": 10.0, "running": 4.0}, 10.0),
        (BACKLOG, {"waiting": None, "underway": 0.0, "running": 1.0}, None),
    ],
)
def test_points_that_are_missing_stay_missing(
    expression: str, values: dict[str, float | None], wanted: float | None
) -> None:
    assert value(expression, values) == wanted


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a)", "a +", "b", "__import__('os')"])
def test_what_is_not_understood_is_told(expression: str) -> None:
    with pytest.raises(Unknown):
        value(expression, {"a": 1.0})
