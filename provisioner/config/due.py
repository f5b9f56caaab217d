"""The next and the last time of a `cron(…)` expression of EventBridge Scheduler and Application Auto Scaling.

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
    days = _days(text, zone, after, 1)
    first = datetime.fromtimestamp(after, UTC)
    return next((moment for moments in days for moment in moments if moment > first), None)


def last_due(text: str, zone: str, until: float) -> datetime | None:
    """Return the last time of a checked expression, in its time zone: now or earlier.

    Args:
        until: seconds since the epoch.

    Returns:
        None as `next_due`, looking back.
    """
    days = _days(text, zone, until, -1)
    last = datetime.fromtimestamp(until, UTC)
    return next((moment for moments in days for moment in reversed(moments) if moment <= last), None)


def _days(text: str, zone: str, begin: float, step: int) -> Iterator[list[datetime]]:
    """Yield the due times of each day from one on, in the order of the clock.

    Args:
        begin: a moment of the first day, in seconds since the epoch.
        step: 1 to go on to later days, -1 to earlier ones.
    """
    try:
        there = ZoneInfo(zone)
        minutes, hours, of_month, months, of_week, years = map(_numbers, range(6), text[5:-1].upper().split())
    except (ValueError, ZoneInfoNotFoundError):
        return
    today = datetime.fromtimestamp(begin, UTC).astimezone(there).date()
    for day in (today + timedelta(days=number * step) for number in range(AHEAD)):
        weekday = day.isoweekday() % 7 + 1
        if day.day in of_month and day.month in months and weekday in of_week and day.year in years:
            clock = [
                datetime(day.year, day.month, day.day, hour, minute, tzinfo=there)
                for hour in sorted(hours)
                for minute in sorted(minutes)
            ]
            # a time that the clocks skip in spring is another one after the way through UTC
            yield [
                one
                for one in clock
                if one.astimezone(UTC).astimezone(there).replace(tzinfo=None) == one.replace(tzinfo=None)
            ]


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
