"""Errors of a file without their lines and columns, for tests of the words alone."""

from __future__ import annotations

import re

EXCERPT = re.compile(r"(?m)^ *\d* \| .*\n?")
"""A line of the file, or the mark below it."""
PLACE = re.compile(r"(?<=\.toml):\d+:\d+(?=: )")
"""The line and the column behind the name of a file."""


def unplaced(message: str) -> str:
    """Return a message without the place of each line that has one: `stack.toml:3:1: key: …` as `stack.toml: key: …`.

    Every line about a key has to have a place. Lines of the file are left out.
    """
    lines = EXCERPT.sub("", message).splitlines()
    assert all(re.match(r"(error: )?\S+\.toml:\d+:\d+: ", line) for line in lines), message
    return "\n".join(PLACE.sub("", line, count=1) for line in lines)
