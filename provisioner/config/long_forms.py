"""Keys of `stack.toml` with a short form beside their table, such as `health = "/up"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LONG_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "health": lambda value: {"path": value} if isinstance(value, str) else value,
    "secrets": lambda value: dict.fromkeys(map(str, value), True) if isinstance(value, list) else value,
    "buckets": lambda value: dict.fromkeys(map(str, value), True) if isinstance(value, list) else value,
    "queues": lambda value: dict.fromkeys(map(str, value), True) if isinstance(value, list) else value,
}
"""Keys with a short form beside their table. If one side is a table, the other side becomes a table too."""


def long_form(key: str, value: Any) -> Any:
    """Return the value of a key with its short form, if it has one, written as a table."""
    return LONG_FORMS[key](value) if key in LONG_FORMS else value
