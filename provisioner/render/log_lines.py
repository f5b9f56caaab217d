"""Lines of logs for people: with their service or job, in colours, and JSON as words."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from provisioner.render.text import coloured, visible

TASK_LETTERS = 8
COLOURS = ("36", "32", "35", "34", "33", "96", "92", "95", "94", "93")
"""The colours (SGR parameters) of services and jobs, in turn. Red is for errors."""
LEVELS = {"10": "TRACE", "20": "DEBUG", "30": "INFO", "40": "WARN", "50": "ERROR", "60": "FATAL"}
"""The levels behind the numbers of pino and bunyan."""
LEVEL_COLOURS = {"W": "33", "E": "31", "F": "1;31", "C": "1;31", "A": "1;31"}
"""The colour of a level by its first letter: warnings, errors, fatal and critical errors, alerts."""
LEVEL_KEYS = ("level", "severity", "levelname", "lvl", "log.level", "@level", "loglevel")
MESSAGE_KEYS = ("message", "msg", "event", "@message", "@m")
"""The keys that loggers use for level and message; the first existing one counts."""
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_PLAIN = re.compile(r'[^\s"=]+')


@dataclass(frozen=True)
class Look:
    """The layout of log lines.

    Attributes:
        colours: the colour of each service and job; empty if no colours are wanted.
        width: the columns for its name and the task.
        dated: whether a line has its date.
        readable: whether JSON is shown as words. Readers of a pipe get it unchanged.
    """

    colours: Mapping[str, str]
    width: int
    dated: bool
    readable: bool


def look(names: Collection[str], start: float, now: float, stream: TextIO | None = None) -> Look:
    """Return the layout for lines of services and jobs on a stream.

    Args:
        start, now: seconds since the epoch: lines of today have no date.
    """
    stream = stream or sys.stdout
    dates = [time.strftime("%Y-%m-%d", time.localtime(moment)) for moment in (start, now)]
    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(names)} if coloured(stream) else {}
    width = max(map(len, names), default=0) + 1 + TASK_LETTERS
    return Look(colours, width, dates[0] != dates[1], stream.isatty())


def shown(look: Look, at: int, name: str, task: str, text: str) -> list[str]:
    """Return an event as lines, each with the time (`at`, in milliseconds since the epoch) and the service or job."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S" if look.dated else "%H:%M:%S", time.localtime(at / 1000))
    whose = visible(f"{name}/{task[:TASK_LETTERS]}").ljust(look.width)
    if colour := look.colours.get(name):
        whose = f"\033[{colour}m{whose}\033[0m"
    level, words = readable(text) if look.readable else ("", text.rstrip("\r\n").split("\n"))
    first, *more = [visible(line.rstrip("\r")) for line in words]
    if level:
        level = visible(level)
        colour = LEVEL_COLOURS.get(level[0]) if look.colours else None
        first = " ".join(filter(None, (f"\033[{colour}m{level}\033[0m" if colour else level, first)))
    return [f"{moment}  {whose}  {line}" for line in (first, *more)]


def write(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write the lines of `shown`, at once."""
    stream = stream or sys.stdout
    stream.write("".join(f"{line}\n" for line in lines))
    stream.flush()


def readable(text: str) -> tuple[str, list[str]]:
    """Return the level of an event, empty if it has none, and its lines: for a JSON object the message first.

    The other members follow as `key=value`, and values of several lines come below. Other texts stay as they are,
    without the colours that a program gave them.
    """
    members = _members(text)
    if not members:
        return "", _SGR.sub("", text).rstrip("\r\n").split("\n")
    level, message = _first(members, LEVEL_KEYS), _first(members, MESSAGE_KEYS)
    rest = {key: value for key, value in members.items() if key not in (level, message)}
    words = [] if message is None else [_said(members[message])]
    blocks = {key: value for key, value in rest.items() if isinstance(value, str) and "\n" in value}
    words += [f"{_word(key)}={_word(value)}" for key, value in rest.items() if key not in blocks]
    lines = " ".join(words).split("\n")
    for key, value in blocks.items():
        lines += [f"  {_word(key)}:", *(f"    {line}" for line in value.rstrip("\n").split("\n"))]
    return "" if level is None else _level(members[level]), lines


def matches(text: str, wanted: str) -> bool:
    """Return whether an event contains a text exactly: as it was written, or as `readable` shows it."""
    if wanted in text:
        return True
    level, lines = readable(text)
    return wanted in " ".join(filter(None, (level, "\n".join(lines))))


def _members(text: str) -> Mapping[str, Any]:
    """Return the members of a JSON object; none if the text is no JSON object."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _first(members: Mapping[str, Any], keys: Collection[str]) -> str | None:
    """Return the first key whose value is a word or a number."""
    return next((key for key in keys if isinstance(members.get(key), (str, int)) and members[key] != ""), None)


def _level(value: Any) -> str:
    return LEVELS.get(str(value), str(value).upper())


def _said(value: Any) -> str:
    return _SGR.sub("", str(value)).rstrip("\n")


def _word(value: Any) -> str:
    """Return a value as one word, quoted where it would be several."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
