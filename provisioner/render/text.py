"""Small pieces of text that several views share: durations, tables, colour where there is a terminal for it."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TextIO

SYMBOLS = {
    "made": "+",
    "adopted": "+",
    "create": "+",
    "adopt": "+",
    "changed": "~",
    "change": "~",
    "removed": "-",
    "remove": "-",
    "unchanged": "=",
    "kept": "=",
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

RESULTS = {
    "made": "made",
    "adopted": "adopted",
    "changed": "changed",
    "removed": "removed",
    "kept": "kept",
    "not_found": "not found and forgotten",
    "unchanged": "unchanged",
}
"""The words for what was done to a thing, in the order in which they are counted."""

COLOURS = {"+": "32", "~": "33", "-": "31", "!": "1;31", ".": "2", "*": "1;36"}
"""The terminal's colour (SGR parameters) for a line by its first character."""


def visible(text: str) -> str:
    """Return the text with what a terminal would obey, and not show, as JSON escapes it: names may be anybody's.

    That is controls, marks that turn the direction of writing, and whatever else is no character to be seen. A JSON
    text means the same afterwards.
    """
    return text if text.isprintable() else "".join(c if _shown(c) else json.dumps(c)[1:-1] for c in text)


def _shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def duration(seconds: float) -> str:
    """Return seconds as a person says them: `0.3 s`, `12 s`, `3 min 05 s`."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def count(number: int, word: str) -> str:
    """Return a number with its noun, in the plural if need be."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def limited(stack: str, target: str | None) -> str:
    """Return what a run is about: the stack, or one step of it."""
    return f"step {target} of {stack}" if target else stack


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the rows as lines with aligned columns, two blanks apart."""
    rows = [tuple(map(visible, row)) for row in rows]
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def say(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write lines (to standard output unless told otherwise), coloured by their symbol where that is welcome.

    A text of several lines is written as such; all else that is not to be seen is made `visible`.
    """
    stream = stream or sys.stdout
    coloured = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for line in (visible(part) for text in lines for part in text.split("\n")):
        words = line.split(maxsplit=1)
        colour = COLOURS.get(words[0]) if coloured and words else None
        stream.write(f"\033[{colour}m{line}\033[0m\n" if colour else f"{line}\n")
    stream.flush()
