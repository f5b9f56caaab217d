"""Find the place of each key and value in the text of a TOML file, which `tomllib` does not tell.

The text has been read by `tomllib` before, so it is valid: this only walks over it. Nothing here runs before an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""The parts of a key; a number is the place in a list, from 0."""
Span = tuple[int, int]
"""The first character, and the one behind the last."""

_SPACE = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
"""Blanks, ends of lines and comments."""
_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
"""One part of a key: bare, or in quotes."""
_SIMPLE = re.compile(
    r"""
      \"{3}(?:[^\\]|\\.)*?\"{3}\"{0,2}      # text of several lines, which may end with two quotes of its own
    | '{3}.*?'{3}'{0,2}
    | \"(?:[^\"\\\n]|\\.)*\"
    | '[^'\n]*'
    | \d{4}-\d\d-\d\d[ ]\d\d:[^,\]}\s\#]*    # a date and a time with a blank between
    | [^,\]}\s\#]+                           # numbers, dates, true and false
    """,
    re.DOTALL | re.VERBOSE,
)
"""A value that holds no other."""


@dataclass(frozen=True)
class Place:
    """The place of one key.

    Attributes:
        key: its last part, where it is written first; of an element of a list, the element.
        value: its value; None for a table that has a line of its own.
    """

    key: Span
    value: Span | None = None


@dataclass
class _Walk:
    text: str
    at: int = 0
    found: dict[Path, Place] = field(default_factory=dict)
    lengths: dict[Path, int] = field(default_factory=dict)
    """By array of tables, the number of its tables so far."""

    def file(self) -> None:
        table: Path = ()
        while self.skip(_BETWEEN) < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.setting(table)

    def skip(self, pattern: re.Pattern[str]) -> int:
        if passed := pattern.match(self.text, self.at):
            self.at = passed.end()
        return self.at

    def header(self) -> Path:
        """Walk over `[table]` or `[[table]]`, and return the path of the keys below it."""
        several = self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        path: Path = ()
        for name, span in self.parts():
            path = self.current((*path, name))
            self.found.setdefault(path, Place(span))
            last = span
        self.at = self.text.index("]", self.at) + (2 if several else 1)
        if several:
            path = path[:-1] if isinstance(path[-1], int) else path
            number = self.lengths[path] = self.lengths.get(path, -1) + 1
            path = (*path, number)
            self.found.setdefault(path, Place(last))
        return path

    def current(self, path: Path) -> Path:
        """Return the path of the last table of an array of tables; any other path as it is."""
        return (*path, self.lengths[path]) if path in self.lengths else path

    def parts(self) -> list[tuple[str, Span]]:
        """Walk over a dotted key, and return its parts."""
        found = []
        while True:
            self.skip(_SPACE)
            begin = self.at
            self.skip(_PART)
            written = self.text[begin : self.at]
            name = next(iter(tomllib.loads(f"{written} = 0"))) if written[:1] in {'"', "'"} else written
            found.append((name, (begin, self.at)))
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return found
            self.at += 1

    def setting(self, table: Path) -> None:
        """Walk over `key = value`."""
        path, parts = table, self.parts()
        for name, span in parts:
            path = (*path, name)
            self.found.setdefault(path, Place(span))
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        begin = self.at
        self.value(path)
        self.found[path] = Place(parts[-1][1], (begin, self.at))

    def value(self, path: Path) -> None:
        match self.text[self.at : self.at + 1]:
            case "[":
                self.items(path)
            case "{":
                self.inline(path)
            case _:
                self.skip(_SIMPLE)

    def items(self, path: Path) -> None:
        self.at += 1
        number = 0
        while self.text[self.skip(_BETWEEN)] != "]":
            begin = self.at
            self.value((*path, number))
            self.found[(*path, number)] = Place((begin, self.at), (begin, self.at))
            number += 1
            self.comma()
        self.at += 1

    def inline(self, path: Path) -> None:
        self.at += 1
        while self.text[self.skip(_BETWEEN)] != "}":
            self.setting(path)
            self.comma()
        self.at += 1

    def comma(self) -> None:
        self.skip(_BETWEEN)
        if self.text.startswith(",", self.at):
            self.at += 1


def positions(text: str) -> Mapping[Path, Place]:
    """Return the place of each key, table and element of a list in a valid TOML text."""
    walk = _Walk(text)
    walk.file()
    return walk.found
