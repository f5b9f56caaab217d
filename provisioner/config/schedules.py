"""Check `schedule` of jobs and `[schedule]`: EventBridge Scheduler's expressions, and forms written by mistake.

Source: EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler".
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import available_timezones

from provisioner.config.loader import shown

FORMS = (
    '"cron(30 3 * * ? *)" (minute, hour, day of month, month, day of week, year), "rate(6 hours)" or '
    '"at(2026-12-01T03:30:00)"'
)
ALIASES = {
    "@yearly": "cron(0 0 1 1 ? *)",
    "@annually": "cron(0 0 1 1 ? *)",
    "@monthly": "cron(0 0 1 * ? *)",
    "@weekly": "cron(0 0 ? * 1 *)",
    "@daily": "cron(0 0 * * ? *)",
    "@midnight": "cron(0 0 * * ? *)",
    "@hourly": "cron(0 * * * ? *)",
}
"""Words of crontab in AWS's form."""
RATES = (("day", 1440), ("hour", 60), ("minute", 1))
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 1, 7, DAYS),
    ("year", 1970, 2199, ()),
)
"""The fields of `cron(…)`: the lowest and the highest number, and the names that stand for numbers from the lowest."""
UNITS = {"m": 1, "h": 60, "d": 1440}
"""Minutes."""


def expression(value: str) -> str:
    """Return the expression, if EventBridge Scheduler would accept it.

    Raises:
        ValueError: it would not; with AWS's form of a crontab expression.
    """
    text = value.strip()
    if (instead := in_aws_form(text)) != text:
        raise ValueError(f'{shown(value)} is crontab\'s form: write "{instead}"')
    if found := re.fullmatch(r"cron\((.*)\)", text):
        _check_cron(value, found[1].split())
    elif found := re.fullmatch(r"rate\((\d{1,9}) (minute|hour|day)s?\)", text):
        if int(found[1]) < 1:
            raise ValueError(f"{shown(value)} is never due: use 1 or more")
    elif found := re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", text):
        try:
            datetime.fromisoformat(found[1])
        except ValueError:
            raise ValueError(f"{shown(value)} has no such day or time: correct it") from None
    else:
        raise ValueError(f"{shown(value)} is no schedule: write {FORMS}")
    return text


def cron(value: str) -> str:
    """Return the expression, if it is a `cron(…)` that EventBridge Scheduler would accept.

    Raises:
        ValueError: it is not; with AWS's form of a crontab expression.
    """
    text = expression(value)
    if not text.startswith("cron("):
        raise ValueError(f'{shown(value)} does not say the time of day: write "cron(0 20 ? * MON-FRI *)"')
    return text


def time_of_day(value: str) -> str:
    """Return the expression, if it is a `cron(…)` whose due times this tool can tell.

    Raises:
        ValueError: it is not.
    """
    text = cron(value)
    if re.search(r"[LW#]", re.sub(r"[A-Z]{3}", "", text.removeprefix("cron").upper())):
        raise ValueError(
            f"{shown(value)} has L, W or #, and this tool has to know which limits hold now: write numbers or names of "
            f"days, as in cron(0 8 ? * MON-FRI *)"
        )
    return text


def later(text: str, minutes: int) -> str:
    """Return a `cron(…)` that is due some minutes later, if it has a single time of day; else return it unchanged."""
    minute, hour, *days = text.removeprefix("cron(").removesuffix(")").split()
    if not (minute.isdecimal() and hour.isdecimal()):
        return text
    moment = int(hour) * 60 + int(minute) + minutes
    return f"cron({moment % 60} {moment // 60} {' '.join(days)})" if moment < UNITS["d"] else text


def zone(value: str) -> str:
    """Return the name of a time zone, if a zone of that name exists.

    Raises:
        ValueError: no such zone exists.
    """
    known = available_timezones()
    # a machine without a time zone database knows no zone; then AWS checks the name
    if known and value not in known:
        near = next((name for name in sorted(known) if name.rpartition("/")[2].lower() == value.lower()), "Asia/Tokyo")
        raise ValueError(f'{shown(value)} is no time zone: use a name of IANA\'s, such as "{near}"')
    return value


def in_aws_form(text: str) -> str:
    """Return AWS's form of a crontab expression, such as `@every 1h30m` or `30 3 * * 1`; other text stays unchanged."""
    return ALIASES.get(text.lower()) or _every(text) or _of_crontab(text) or text


def _every(text: str) -> str:
    """Return the rate for a text such as `@every 1h30m`; empty for other text."""
    if not re.fullmatch(r"@every (\d+[mhd])+", text):
        return ""
    minutes = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([mhd])", text))
    name, size = next((name, size) for name, size in RATES if minutes % size == 0)
    return f"rate({minutes // size} {name}{'' if minutes == size else 's'})"


def _of_crontab(text: str) -> str:
    """Return five fields of crontab in AWS's form; empty if there are not five, or if AWS has no form for them."""
    bare = re.fullmatch(r"cron\((.*)\)", text)
    fields = (bare[1] if bare else text).split()
    if len(fields) != 5 or not all(re.fullmatch(r"[\w*,/-]+", field) for field in fields):
        return ""
    minute, hour, of_month, month, of_week = fields
    if of_week == "*":
        return f"cron({minute} {hour} {of_month} {month} ? *)"
    if of_month != "*" or re.search(r"(?<![/\w])(?:[89]|\d\d)", of_week):
        return ""
    return f"cron({minute} {hour} ? {month} {_of_week(of_week)} *)"


def _of_week(field: str) -> str:
    """Return crontab's days of the week, where Sunday is 0 or 7, in AWS's numbers, where Sunday is 1."""
    # AWS's week begins on Sunday, so a range that ends on Sunday is written in two parts
    apart = re.sub(r"(?<![/\w])([1-6])-7(?!\w)", r"0,\1-6", field)
    return re.sub(r"(?<![/\w])\d", lambda day: str(int(day[0]) % 7 + 1), apart)


def _check_cron(value: str, fields: list[str]) -> None:
    if len(fields) != len(FIELDS):
        raise ValueError(f"{shown(value)} has {len(fields)} fields, and six are needed: write {FORMS}")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError(
            f"{shown(value)}: exactly one of day of month and day of week must be ?, as in cron(30 3 * * ? *)"
        )
    for field, (name, least, most, names) in zip(fields, FIELDS, strict=True):
        if field == "?" and name.startswith("day"):
            continue
        for part in field.split(","):
            if not _within(part, least, most, names):
                allowed = f"{least} to {most}" + (f" or {names[0]} to {names[-1]}" if names else "")
                raise ValueError(f"{shown(value)}: {part} is no {name}: use {allowed}")


def _within(part: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    """Return whether a part of a field is `*`, a number, a range or a step within the limits; or a special day."""
    special = r"L|LW|\d{1,2}W" if most == 31 else r"L|\w{1,3}L|\w{1,3}#[1-5]" if names == DAYS else r"(?!)"
    if re.fullmatch(special, part.upper()):
        return True
    found = re.fullmatch(r"(\*|\w+(?:-\w+)?)(?:/([1-9]\d*))?", part.upper())
    if not found:
        return False
    numbers = [names.index(one) + least if one in names else one for one in found[1].split("-")]
    if numbers == ["*"]:
        return True
    return all(str(one).isdecimal() and least <= int(one) <= most for one in numbers) and sorted(map(int, numbers)) == [
        int(one) for one in numbers
    ]
