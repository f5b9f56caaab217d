"""Small pieces of text that several views share: durations, tables, colours on a terminal."""

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

from provisioner.engine.words import MINUTE, age

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
"""The sign that a line begins with; the line always has the word as well."""

WORDS = {"not_found": "not found, removed from the state"}
"""The words for an event's result, if they differ from its name."""

COLOURS = {"+": "32", "~": "33", "-": "31", "!": "1;31", ".": "2", "*": "1;36"}
"""The terminal's colour (SGR parameters) for a line by its first character."""
STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "bold red", "=": "dim", "i": "cyan"}
"""The same for rich, which dims unchanged lines and colours notices."""


def visible(text: str) -> str:
    """Return the text with characters that a terminal would obey escaped as in JSON: names may come from anybody.

    These are controls, marks that change the direction of writing, and all other invisible characters. A JSON text
    means the same afterwards.
    """
    return text if text.isprintable() else "".join(c if _shown(c) else json.dumps(c)[1:-1] for c in text)


def _shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def word(result: str) -> str:
    """Return the word for an event's result."""
    return WORDS.get(result, result)


def sentence(text: str) -> str:
    """Return a text with exactly one full stop at its end."""
    return f"{text.rstrip().rstrip('.:')}."


def cells(text: str) -> int:
    """Return the terminal columns of a text: East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def cut(text: str, width: int, mark: str = "…") -> str:
    """Return a text in one line of at most so many columns, with a mark at the end if it was cut."""
    line = visible(" ".join(text.splitlines()))
    if cells(line) <= width:
        return line
    kept = line[: max(width - len(mark), 0)]
    while kept and cells(kept) + len(mark) > width:
        kept = kept[:-1]
    return (kept + mark)[: max(width, 0)]


def duration(seconds: float) -> str:
    """Return seconds in words: `0.3 s`, `12 s`, `3 min 05 s`."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def roughly(seconds: float) -> str:
    """Return an estimate in words: `20 s`, `6 min`; rounded up."""
    if seconds <= 55:
        return f"{ceil(seconds / 10) * 10} s"
    return f"{ceil(seconds / 60 - 0.1)} min"


def ago(seconds: float) -> str:
    """Return a time in the past in words, in the largest unit that gives at least one: `3 hours ago`."""
    return "seconds ago" if seconds < MINUTE else f"{age(seconds)} ago"


def date(moment: float) -> str:
    """Return seconds since the epoch as a date, `2026-11-25 09:18:18 UTC`."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
    except (OverflowError, OSError, ValueError):
        return "at an invalid time"


def two_clocks(ahead: float, now: float) -> list[str]:
    """Return a line about times of the embedded cloud, with both clocks; none while they agree.

    Args:
        ahead: the seconds by which the embedded cloud's clock is ahead.
        now: this machine's time in seconds since the epoch.
    """
    if abs(ahead) < MINUTE:
        return []
    there, here = (time.strftime("%H:%M:%S", time.localtime(moment)) for moment in (now + ahead, now))
    return [f"note: times are the embedded cloud's, {age(ahead)} ahead: it is {there} there, and {here} here"]


def limited(stack: str, target_step: str | None) -> str:
    """Return the subject of a run: the stack, or one step of it."""
    return f"step {target_step} of {stack}" if target_step else stack


WIDE = 1000
"""The columns of an output that is no terminal: nothing is left out or folded."""
SCREEN = 80
"""The columns of an output for one screen without a terminal."""


def columns(stream: TextIO, otherwise: int = 120) -> int:
    """Return the columns of a terminal; another number for any other stream, since logs are wider."""
    return shutil.get_terminal_size((otherwise, 24)).columns if stream.isatty() else otherwise


_COMMAND = re.compile(r"`[^`]+`")
_UNBROKEN = "\N{NO-BREAK SPACE}"


def wrapped(line: str, width: int, indent: int) -> list[str]:
    """Return a line as several of so many columns, the later ones indented.

    Words, and commands in backticks, are never broken, so that they can be copied: a too long one gets a longer line.
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
    """Return parts in so many lines at most, two blanks apart, unbroken: parts without room are left out."""
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
    """Return whether a stream is a terminal on which lines can be drawn over previous ones."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def unicode(stream: TextIO) -> bool:
    """Return whether a stream takes characters beyond ASCII."""
    return (stream.encoding or "utf-8").lower().startswith("utf")


def coloured(stream: TextIO) -> bool:
    """Return whether a stream gets colours: it is a terminal, and NO_COLOR is not set."""
    return on_terminal(stream) and not os.environ.get("NO_COLOR")


def tell(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write sentences as `say` does; on a terminal, folded to its columns between words."""
    stream = stream or sys.stdout
    if not on_terminal(stream):
        say(lines, stream)
        return
    width = columns(stream)
    parts = [part for text in lines for part in text.split("\n")]
    say((one for part in parts for one in wrapped(part, width, len(part) - len(part.lstrip()) + 4)), stream)


def say(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write lines (by default to standard output), coloured by their sign if the stream gets colours.

    A text of several lines stays several lines; all other invisible characters are made `visible`.
    """
    stream = stream or sys.stdout
    welcome = coloured(stream)
    for line in (visible(part) for text in lines for part in text.split("\n")):
        words = line.split(maxsplit=1)
        colour = COLOURS.get(words[0]) if welcome and words else None
        stream.write(f"\033[{colour}m{line}\033[0m\n" if colour else f"{line}\n")
    stream.flush()
