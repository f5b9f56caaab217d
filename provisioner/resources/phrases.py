"""Phrases that several resource types use."""

from __future__ import annotations

from collections.abc import Iterable


def because(text: str, reason: str | None) -> str:
    """Return a text, followed by a colon and its reason if there is one."""
    return f"{text}: {reason}" if reason else text


def named(what: str, names: Iterable[str]) -> str:
    """Return a text and the names in order; empty without names."""
    found = ", ".join(sorted(names))
    return f"{what} {found}" if found else ""
