"""When a `cron(…)` of EventBridge Scheduler is next due.

Source: EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provisioner.config.schedules import FIELDS

AHEAD = 400
"""Days that are looked through: a schedule of less than once a year is not one that people wait for."""


def next_due(text: str, zone: str, after: float) -> datetime | None:
    """Return when a checked expression is next due, in its time zone.

    Args:
        after: seconds since the epoch.

    Returns:
        None: not soon, or by `L`, `W` or `#`, which are not counted here, or this machine does not know the zone.
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
                # a time that the clocks skip in spring comes back as another one
                if moment > first and moment.astimezone(there).replace(tzinfo=None) == local.replace(tzinfo=None):
                    return local
    return None


def _numbers(position: int, field: str) -> frozenset[int]:
    """Return what a field allows.

    Raises:
        ValueError: it has `L`, `W` or `#`.
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
