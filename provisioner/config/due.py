"""The next time of a `cron(…)` expression of EventBridge Scheduler.

Source: EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provisioner.config.schedules import FIELDS

AHEAD = 400
"""Days to search. Nobody waits for a schedule that is due less than once a year."""


def next_due(text: str, zone: str, after: float) -> datetime | None:
    """Return the next time of a checked expression, in its time zone.

    Args:
        after: seconds since the epoch.

    Returns:
        None if it is not due within `AHEAD` days, if it has `L`, `W` or `#`, which this function does not support, or
        if this machine does not know the zone.
    """
    try:
        there = ZoneInfo(zone)
        minutes, hours, of_month, months, of_week, years = map(_numbers, range(6), text[5:-1].upper().split())
    except (ValueError, ZoneInfoNotFoundError):
        return None
    first = datetime.fromtimestamp(after, UTC)
    today = first.astimezone(there).date()
    for day in (today + timedelta(days=number) for number in range(AHEAD)):
        weekday = day.isoweekday() % 7 + 1
        if day.day in of_month and day.month in months and weekday in of_week and day.year in years:
            for hour, minute in ((hour, minute) for hour in sorted(hours) for minute in sorted(minutes)):
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=there)
                moment = local.astimezone(UTC)
                # a time that the clocks skip in spring is another one after the way through UTC
                if moment > first and moment.astimezone(there).replace(tzinfo=None) == local.replace(tzinfo=None):
                    return local
    return None


def _numbers(position: int, field: str) -> frozenset[int]:
    """Return the numbers that a field of the expression allows.

    Raises:
        ValueError: the field has `L`, `W` or `#`.
    """
    _, least, most, names = FIELDS[position]
    return frozenset(number for part in field.split(",") for number in _part(part, least, most, names))


def _part(part: str, least: int, most: int, names: tuple[str, ...]) -> Iterator[int]:
    begin, slash, step = part.partition("/")
    first, dash, last = begin.partition("-")

    def number(word: str) -> int:
        return names.index(word) + least if word in names else int(word)

    if begin in ("*", "?"):
        low, high = least, most
    else:
        low = number(first)
        high = number(last) if dash else (most if slash else low)
    yield from range(low, high + 1, int(step or 1))
