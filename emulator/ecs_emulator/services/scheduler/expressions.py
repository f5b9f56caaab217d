"""Schedule expressions: `cron(…)`, `rate(…)` and `at(…)` (user guide, "Schedule types"), and when they are due."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ecs_emulator.services.scheduler import cron

_RATE = re.compile(r"rate\(\s*([0-9]{1,10})\s+(minute|hour|day)s?\s*\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((.*)\)")


@dataclass(frozen=True)
class Rate:
    """A rate: due at the start, and again after each period; a day is always 24 hours."""

    period: timedelta


@dataclass(frozen=True)
class At:
    """A one-time schedule: due once, on the clock of the time zone."""

    local: datetime


Expression = cron.Cron | Rate | At


def parse(text: str) -> Expression:
    """Return the parsed form of an expression.

    Raises:
        ValueError: the text is no expression.
    """
    if found := _RATE.fullmatch(text):
        number = int(found[1])
        if number < 1:
            raise ValueError("a rate is at least 1")
        return Rate(timedelta(**{f"{found[2]}s": number}))
    if found := _AT.fullmatch(text):
        return At(datetime.fromisoformat(found[1]))
    if found := _CRON.fullmatch(text):
        return cron.parse(found[1])
    raise ValueError("neither cron, rate nor at")


def due(
    expression: Expression, zone: ZoneInfo, created: datetime, begin: datetime | None, after: datetime | None
) -> datetime | None:
    """Return the next due time of a schedule, in UTC; None if there is none.

    Args:
        created: the time of its creation or last change; a rate without a start date counts from it.
        begin: the start date.
        after: the last due time since then; None if there was none.
    """
    if isinstance(expression, Rate):
        first = begin or created
        return first if after is None else after + expression.period
    if isinstance(expression, At):
        moment = expression.local.replace(tzinfo=zone).astimezone(UTC)
        return moment if after is None and moment >= created else None
    last = after or created
    if begin and begin > last:
        last = begin - timedelta(microseconds=1)
    return expression.next(last, zone)
