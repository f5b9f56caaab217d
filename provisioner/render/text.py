"""Small pieces of text that several views share: durations, tables, colour where there is a terminal for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import time
import unicodedata
from collections.abc import Iterable, Sequence
from math import ceil
from typing import TextIO

from provisioner.engine.words import count

MINUTE, HOUR, DAY = 60, 3600, 86400
"""In seconds."""
SYMBOLS = {
    "created": "+",
    "adopted": "+",
    "create": "+",
    "adopt": "+",
    "changed": "~",
    "change": "~",
    "deleted": "-",
    "delete": "-",
    "unchanged": "=",
    "retained": "=",
    "not_found": "=",
    "waiting": ".",
    "failed": "!",
    "refused": "!",
    "skipped": "!",
    "ok": "=",
    "warning": "~",
    "unknown": ".",
}
"""What a line begins with; it always says the word as well."""

WORDS = {"not_found": "not found, removed from the state"}
"""What a result of an event is called where people read it, if not by its own name."""

COLOURS = {"+": "32", "~": "33", "-": "31", "!": "1;31", ".": "2", "*": "1;36"}
"""The terminal's colour (SGR parameters) for a line by its first character."""
STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "bold red", "=": "dim", "i": "cyan"}
"""The same where rich draws: more lines are at work there than have a result."""


def visible(text: str) -> str:
    """Return the text with what a terminal would obey, and not show, as JSON escapes it: names may be anybody's.

    That is controls, marks that turn the direction of writing, and whatever else is no character to be seen. A JSON
    text means the same afterwards.
    """
    return text if text.isprintable() else "".join(c if _shown(c) else json.dumps(c)[1:-1] for c in text)


def _shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def word(result: str) -> str:
    """Return what a person calls the result of an event."""
    return WORDS.get(result, result)


def sentence(text: str) -> str:
    """Return a text with one full stop at its end, whatever it ended with."""
    return f"{text.rstrip().rstrip('.:')}."


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian characters take two, marks upon others none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def cut(text: str, width: int, mark: str = "…") -> str:
    """Return a text in one line of at most so many columns, with a mark where something was left out."""
    line = visible(" ".join(text.splitlines()))
    if cells(line) <= width:
        return line
    kept = line[: max(width - len(mark), 0)]
    while kept and cells(kept) + len(mark) > width:
        kept = kept[:-1]
    return (kept + mark)[: max(width, 0)]


def duration(seconds: float) -> str:
    """Return seconds as a person says them: `0.3 s`, `12 s`, `3 min 05 s`."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def roughly(seconds: float) -> str:
    """Return an estimate as a person says it: `20 s`, `6 min`; rather too much than too little."""
    if seconds <= 55:
        return f"{ceil(seconds / 10) * 10} s"
    return f"{ceil(seconds / 60 - 0.1)} min"


def ago(seconds: float) -> str:
    """Return how long ago something was, in the largest unit of which it is at least one: `3 hours ago`."""
    return "just now" if seconds < MINUTE else f"{age(seconds)} ago"


def age(seconds: float) -> str:
    """Return how old something is, in the largest unit of which it is at least one: `12 min`, `3 hours`, `2 days`."""
    if seconds < HOUR:
        return f"{max(seconds, 0.0) // MINUTE:.0f} min"
    return count(int(seconds // HOUR), "hour") if seconds < DAY else count(int(seconds // DAY), "day")


def date(moment: float) -> str:
    """Return seconds since the epoch as a date, `2026-11-25 09:18:18 UTC`."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
    except (OverflowError, OSError, ValueError):
        return "at an invalid time"


def limited(stack: str, target_step: str | None) -> str:
    """Return what a run is about: the stack, or one step of it."""
    return f"step {target_step} of {stack}" if target_step else stack


WIDE = 1000
"""The columns of what is no terminal, where nothing is left out or folded."""
SCREEN = 80
"""The columns of what is made for one screen, where there is no terminal."""


def columns(stream: TextIO, otherwise: int = 120) -> int:
    """Return the columns of a terminal, or another number of anything else: logs are wider than many terminals."""
    return shutil.get_terminal_size((otherwise, 24)).columns if stream.isatty() else otherwise


_COMMAND = re.compile(r"`[^`]+`")
_UNBROKEN = "\N{NO-BREAK SPACE}"


def wrapped(line: str, width: int, indent: int) -> list[str]:
    """Return a line as several of so many columns, the later ones indented.

    Words, and commands in backticks, are never broken, so that they can be copied: one that is too long stays so.
    """
    text = line.lstrip()
    room = max(width, 2 * indent)
    whole = _COMMAND.sub(lambda found: _unbroken(found[0], room - indent), visible(text))
    folded = textwrap.wrap(
        whole,
        room,
        initial_indent=" " * (len(line) - len(text)),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [part.replace(_UNBROKEN, " ") for part in folded] or [line]


def _unbroken(text: str, room: int) -> str:
    return text.replace(" ", _UNBROKEN) if len(text) <= room else text


def side_by_side(parts: Iterable[str], width: int, most: int) -> list[str]:
    """Return parts as so many lines at most, two blanks apart, none broken: what has no room is left out."""
    lines: list[str] = []
    for part in filter(None, parts):
        if lines and cells(lines[-1]) + 2 + cells(part) <= width:
            lines[-1] += f"  {part}"
        elif len(lines) < most:
            lines.append(part)
    return lines


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the rows as lines with aligned columns, two blanks apart."""
    rows = [tuple(map(visible, row)) for row in rows]
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def on_terminal(stream: TextIO) -> bool:
    """Say whether a stream is a terminal on which lines can be drawn over those before."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def unicode(stream: TextIO) -> bool:
    """Say whether a stream takes characters beyond ASCII."""
    return (stream.encoding or "utf-8").lower().startswith("utf")


def coloured(stream: TextIO) -> bool:
    """Say whether colours are welcome on a stream: it is a terminal, and nobody has asked for none (NO_COLOR)."""
    return on_terminal(stream) and not os.environ.get("NO_COLOR")


def tell(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write sentences as `say` does, on a terminal folded to its columns at the words."""
    stream = stream or sys.stdout
    if not on_terminal(stream):
        say(lines, stream)
        return
    width = columns(stream)
    parts = [part for text in lines for part in text.split("\n")]
    say((one for part in parts for one in wrapped(part, width, len(part) - len(part.lstrip()) + 4)), stream)


def say(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write lines (to standard output unless told otherwise), coloured by their symbol where that is welcome.

    A text of several lines is written as such; all else that is not to be seen is made `visible`.
    """
    stream = stream or sys.stdout
    welcome = coloured(stream)
    for line in (visible(part) for text in lines for part in text.split("\n")):
        words = line.split(maxsplit=1)
        colour = COLOURS.get(words[0]) if welcome and words else None
        stream.write(f"\033[{colour}m{line}\033[0m\n" if colour else f"{line}\n")
    stream.flush()
