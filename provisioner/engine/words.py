"""Words that messages and views have in common."""

from __future__ import annotations

from collections.abc import Sequence

NAMED = 4
"""The most resources that one message names."""
UNSEEN = "waiting for AWS to list it"
RESULT_UNSEEN = "waiting for AWS to show the result of an earlier call"


def names(several: Sequence[str], most: int = NAMED) -> str:
    """Return so many of several names, and the number of the others."""
    more = f" and {len(several) - most} more" if len(several) > most else ""
    return f"{', '.join(several[:most])}{more}"


def count(number: int, word: str) -> str:
    """Return a number with its noun, in the plural if need be."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """Return a number of bytes in the largest decimal unit that gives at least one."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number} {unit}"
        number //= 1000
    return f"{number} TB"
