"""Cron expressions of EventBridge Scheduler: minutes, hours, day of month, month, day of week, year.

Source: EventBridge Scheduler user guide, "Schedule types", cron-based schedules.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = dict(zip(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), range(1, 8), strict=True))
_LONGEST = timedelta(days=366 * 41)
"""The farthest look ahead for an invocation: the 29th of February is a Monday at least once in 40 years."""

Days = Callable[[date], bool]


@dataclass(frozen=True)
class Cron:
    """The due times of a schedule, on the clock of its time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    on_day: Days
    months: frozenset[int]
    years: frozenset[int]

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the next due moment, in UTC; None if there is none.

        A time that the clocks skip in spring is skipped; a time that occurs twice in autumn counts once, at first (user
        guide, "Daylight savings time").
        """
        day = after.astimezone(zone).date()
        last = min(day + _LONGEST, date(max(self.years), 12, 31)) if self.years else day
        while day <= last:
            if day.year in self.years and day.month in self.months and self.on_day(day):
                for moment in self._of(day, zone):
                    if moment > after:
                        return moment
            day += timedelta(days=1)
        return None

    def _of(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                moment = local.astimezone(UTC)
                if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                    yield moment


def parse(text: str) -> Cron:
    """Return the due times that the fields between the brackets state.

    Raises:
        ValueError: there are not six fields, one is out of its range, or not exactly one of the day fields is `?`.
    """
    fields = text.upper().split()
    if len(fields) != 6:
        raise ValueError("there must be six fields")
    minutes, hours, of_month, months, of_week, years = fields
    if (of_month == "?") == (of_week == "?"):
        raise ValueError("one of day-of-month and day-of-week must be ?, and only one")
    return Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        _by_week(of_week) if of_month == "?" else _by_month(of_month),
        _numbers(months, 1, 12, _MONTHS),
        _numbers(years, 1970, 2199),
    )


def _numbers(field: str, least: int, most: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """Return the numbers of a field: `*`, single numbers, ranges, and steps from a number on."""
    found: set[int] = set()
    for part in field.split(","):
        begin, slash, step = part.partition("/")
        first, dash, last = begin.partition("-")
        if begin == "*":
            low, high = least, most
        else:
            low = _number(first, names or {})
            high = _number(last, names or {}) if dash else (most if slash else low)
        if slash and not (step.isdecimal() and int(step) > 0):
            raise ValueError(f"{part} has no step")
        if not least <= low <= high <= most:
            raise ValueError(f"{part} is not between {least} and {most}")
        found.update(range(low, high + 1, int(step) if slash else 1))
    return frozenset(found)


def _number(text: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise ValueError(f"{text} is neither a number nor a name")
    return int(text)


def _by_month(field: str) -> Days:
    """Return a test for days of the month: `L` is the last day, `15W` the working day next to the 15th."""
    if field == "L":
        return lambda day: day.day == _length(day)
    if near := re.fullmatch(r"(\d{1,2}|L)W", field):
        wanted = 31 if near[1] == "L" else int(near[1])
        if not 1 <= wanted <= 31:
            raise ValueError(f"{field} is no day of a month")
        return lambda day: day == _working_day(day, wanted)
    numbers = _numbers(field, 1, 31)
    return lambda day: day.day in numbers


def _working_day(day: date, wanted: int) -> date:
    near = day.replace(day=min(wanted, _length(day)))
    if near.weekday() < 5:
        return near
    step = timedelta(days=-1 if near.weekday() == 5 else 1)
    moved = near + step
    return moved if moved.month == near.month else near - 2 * step


def _by_week(field: str) -> Days:
    """Return a test for days of the week, from SUN or 1: `6L` is the last Friday of the month, `6#3` the third."""
    if field == "L":
        return lambda day: _of_week(day) == 7
    if last := re.fullmatch(r"(\w+)L", field):
        wanted = _one_day(last[1])
        return lambda day: _of_week(day) == wanted and day.day > _length(day) - 7
    if "#" in field:
        name, _, which = field.partition("#")
        number = _one_day(name)
        if which not in ("1", "2", "3", "4", "5"):
            raise ValueError(f"{field}: a month has five of a day of the week at most")
        return lambda day: _of_week(day) == number and (day.day - 1) // 7 + 1 == int(which)
    numbers = _numbers(field, 1, 7, _DAYS)
    return lambda day: _of_week(day) in numbers


def _one_day(name: str) -> int:
    [number] = _numbers(name, 1, 7, _DAYS)
    return number


def _of_week(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
