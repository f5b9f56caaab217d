"""How an alarm comes to its state: from the data points of its evaluation range, and what missing ones count as.

Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", whose two tables of examples the
tests go through.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"
MORE = 2
"""How many data points more than the evaluation periods are looked at, as in the guide's examples."""
BEYOND: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""How values are compared with a threshold, and how CloudWatch says so; not those with a band of anomalies."""


def state(points: Sequence[bool | None], periods: int, to_alarm: int, missing: str, before: str) -> str:
    """Return the state of an alarm.

    Args:
        points: of the evaluation range, the oldest first: whether each breaches, None if it is missing.
        periods, to_alarm: how many are evaluated, and how many of those have to breach.
        missing: what those that are missing count as, in AWS's words.
        before: its state so far.
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
    # the oldest one that breaches is as old as it takes, and none that is newer is within the threshold
    return ALARM if missing == "missing" and len(points) - points.index(True) >= to_alarm else before
