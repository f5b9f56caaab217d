"""Patterns of an ignore file, read as docker's SDK reads them, without the import of all of it.

The digest of a build's files follows from them, and every plan computes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One line of an ignore file.

    Attributes:
        exclusion: whether it names exceptions, as `!*.py` does.
        dirs: the parts of the path; none in a pattern that says nothing.
        expression: matches the paths that it names, in lower case.
    """

    exclusion: bool
    dirs: tuple[str, ...]
    expression: re.Pattern[str]

    def match(self, path: str) -> bool:
        """Return whether the pattern names a path of the context."""
        return self.expression.match(path.lower()) is not None


def read(line: str) -> Pattern:
    """Return the pattern of a line."""
    exclusion = line.startswith("!")
    dirs = _parts(line[1:] if exclusion else line)
    return Pattern(exclusion, dirs, re.compile(f"^{''.join(_expressions('/'.join(dirs).lower()))}$"))


def _parts(path: str) -> tuple[str, ...]:
    """Return the parts of a path without `.`, and without `..` together with the part before it."""
    found: list[str] = []
    for part in path.strip().split(os.path.sep):
        if part == "..":
            del found[-1:]
        elif part not in ("", "."):
            found.append(part)
    return tuple(found)


def _expressions(pattern: str) -> Iterator[str]:
    """Yield the regular expressions of the pieces of a pattern."""
    rest = pattern
    while rest:
        if double := re.match(r"\*\*/?", rest):
            rest = rest[double.end() :]
            yield "(.*/)?" if rest else ".*"
        elif characters := re.match(r"\[(!?+\]?+[^\]]*)\]", rest):
            rest = rest[characters.end() :]
            yield _set(characters[1])
        else:
            first, rest = rest[0], rest[1:]
            yield {"*": "[^/]*", "?": "[^/]"}.get(first) or re.escape(first)


def _set(characters: str) -> str:
    """Return the regular expression of a set of characters, as in `[a-z]` and `[!a-z]`."""
    escaped = characters.replace("\\", "\\\\")
    if escaped.startswith("!"):
        return f"[^{escaped[1:]}]"
    return f"[\\{escaped}]" if escaped.startswith("^") else f"[{escaped}]"
