"""What several resource types say alike."""

from __future__ import annotations

from collections.abc import Iterable


def because(text: str, reason: str | None) -> str:
    """Return what is said with its reason behind a colon, if there is one."""
    return f"{text}: {reason}" if reason else text


def named(what: str, names: Iterable[str]) -> str:
    """Return what they are and their names, in order; empty if there are none."""
    found = ", ".join(sorted(names))
    return f"{what} {found}" if found else ""
