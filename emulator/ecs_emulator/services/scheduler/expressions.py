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
    """Due at the start, and again after each period; a day is 24 hours, whatever the clocks do."""

    period: timedelta


@dataclass(frozen=True)
class At:
    """Due once, on the clock of the time zone."""

    local: datetime


Expression = cron.Cron | Rate | At


def parse(text: str) -> Expression:
    """Return what an expression says.

    Raises:
        ValueError: it is none.
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
    """Return when a schedule is next due, in UTC; None if it is not any more.

    Args:
        created: when it was created or last changed, from which a rate without a start date counts.
        begin: the start date.
        after: when it was last due since then; None if it was not.
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
