"""Words that messages and views have in common."""

from __future__ import annotations

UNSEEN = "waiting for AWS to list it"
RESULT_UNSEEN = "waiting for AWS to show the result of an earlier call"


def count(number: int, word: str) -> str:
    """Return a number with its noun, in the plural if need be."""
    return f"{number} {word}{'' if number == 1 else 's'}"
