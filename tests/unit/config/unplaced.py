"""Errors of a file without their lines and columns, for tests of the words alone."""

from __future__ import annotations

import re


def unplaced(message: str) -> str:
    """Return a message without the place of each line that has one: `stack.toml:3:1: key: …` as `stack.toml: key: …`.

    Every line about a key has to have a place.
    """
    lines = message.split("\n")
    assert all(re.match(r"(error: )?\S+\.toml:\d+:\d+: ", line) for line in lines), message
    return "\n".join(re.sub(r"(\.toml):\d+:\d+: ", r"\1: ", line, count=1) for line in lines)
