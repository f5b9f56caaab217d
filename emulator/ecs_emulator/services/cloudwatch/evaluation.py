"""Evaluate alarms: the state follows from the data points of the evaluation range, and from missing ones.

Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", whose two tables of examples the
tests go through.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"
MORE = 2
"""Data points that are read in addition to the evaluation periods, as in the guide's examples."""
BEYOND: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""The comparison with the threshold, and CloudWatch's words for it; operators with an anomaly band are left out."""


def state(points: Sequence[bool | None], periods: int, to_alarm: int, missing: str, before: str) -> str:
    """Return an alarm's new state.

    Args:
        points: the evaluation range, the oldest first: whether each point breaches, None if it is missing.
        periods, to_alarm: the number of evaluated points, and the number of breaching points that ALARM needs.
        missing: the treatment of missing points, in AWS's words.
        before: the alarm's present state.
    """
    real = [one for one in points if one is not None]
    breaching = sum(real)
    if len(real) >= periods:
        return ALARM if sum(real[-periods:]) >= to_alarm else OK
    if missing == "breaching":
        return ALARM if breaching + periods - len(real) >= to_alarm else OK
    if missing == "notBreaching" or breaching >= to_alarm:
        return ALARM if breaching >= to_alarm else OK
    if not real:
        return UNKNOWN if missing == "missing" else before
    if not all(real):
        return OK
    # ALARM needs the oldest breaching point at least `to_alarm` periods back; all points after it breach or are missing
    return ALARM if missing == "missing" and len(points) - points.index(True) >= to_alarm else before
