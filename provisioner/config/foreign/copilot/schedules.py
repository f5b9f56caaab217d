"""Schedules of other tools, as EventBridge Scheduler takes them."""

from __future__ import annotations

import re

PREDEFINED = {
    "@yearly": "cron(0 0 1 1 ? *)",
    "@annually": "cron(0 0 1 1 ? *)",
    "@monthly": "cron(0 0 1 * ? *)",
    "@weekly": "cron(0 0 ? * 1 *)",
    "@daily": "cron(0 0 * * ? *)",
    "@midnight": "cron(0 0 * * ? *)",
    "@hourly": "cron(0 * * * ? *)",
}
UNITS = {"h": 60, "m": 1}
"""Minutes."""


def of_aws(text: str) -> str:
    """Return a schedule in AWS's form: of Unix cron, `@daily` and its like, `@every 1h30m`, or AWS's own.

    AWS's cron has a year, counts the days of the week from 1, and wants a question mark for the day of the month or of
    the week (EventBridge Scheduler user guide, schedule types).

    Raises:
        ValueError: it cannot be said in AWS's form; the message says why.
    """
    text = " ".join(text.split())
    if re.fullmatch(r"(cron|rate)\(.+\)", text):
        return text
    if text in PREDEFINED:
        return PREDEFINED[text]
    if found := re.fullmatch(r"@every ((?:\d+[hm])+)", text):
        minutes = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([hm])", found[1]))
        return _rate(minutes)
    fields = text.split(" ")
    if len(fields) != 5:
        raise ValueError("is no schedule that is known here: write it in AWS's form, such as cron(30 3 * * ? *)")
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        raise ValueError("names a day of the month and a day of the week, of which AWS takes one: write two jobs")
    if weekday != "*":
        return f"cron({minute} {hour} ? {month} {_weekdays(weekday)} *)"
    return f"cron({minute} {hour} {day} {month} ? *)"


def _rate(minutes: int) -> str:
    if minutes < 1:
        raise ValueError("is shorter than a minute, which AWS does not do")
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"rate({number} {unit}{'' if number == 1 else 's'})"


def _weekdays(text: str) -> str:
    """Return days of the week as AWS counts them: from 1, which is Sunday; what follows a slash is a step."""

    def day(found: re.Match[str]) -> str:
        number = int(found[0])
        if number > 7:
            raise ValueError(f"has no day {number} of the week")
        return str(number % 7 + 1)

    parts = []
    for part in text.upper().split(","):
        days, slash, step = part.partition("/")
        first, dash, last = days.partition("-")
        if dash and last.isdigit() and int(last) == 7:
            # until Sunday, which is AWS's first day: a range cannot go over it
            parts.append("1")
            last = "6"
        parts.append(re.sub(r"\d+", day, f"{first}{dash}{last}") + slash + step)
    return ",".join(parts)
