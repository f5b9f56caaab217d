"""Words that messages and views have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Action = Literal["create", "change", "delete"]
"""The words for the work on a resource."""
NAMED = 4
"""The most resources that one message names."""
UNSEEN = "waiting for AWS to list it"
MINUTE, HOUR, DAY = 60, 3600, 86400
RESULT_UNSEEN = "waiting for AWS to show the result of an earlier call"


def names(several: Sequence[str], most: int = NAMED) -> str:
    """Return so many of several names, and the number of the others."""
    more = f" and {len(several) - most} more" if len(several) > most else ""
    return f"{', '.join(several[:most])}{more}"


def count(number: int, word: str) -> str:
    """Return a number with its noun, in the plural if need be."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def listed(several: Sequence[str]) -> str:
    """Return several names as a part of a sentence: `web`, `web and worker`, `web, worker and mail`."""
    return " and ".join(filter(None, [", ".join(several[:-1]), *several[-1:]]))


def age(seconds: float) -> str:
    """Return an age in words, in the largest unit that gives at least one: `12 min`, `3 hours`, `2 days`."""
    if seconds < HOUR:
        return f"{max(seconds, 0.0) // MINUTE:.0f} min"
    return count(int(seconds // HOUR), "hour") if seconds < DAY else count(int(seconds // DAY), "day")


def size(number: int) -> str:
    """Return a number of bytes in the largest decimal unit that gives at least one."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number} {unit}"
        number //= 1000
    return f"{number} TB"
