"""Put references in the place of IDs and outputs, so that recorded resources can be declared again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

BOUNDS = r"(?<![\w-])(?:{})(?![\w-])"
"""A name is not a part of a longer one."""


def with_references(value: object, references: Mapping[str, str], mark: str = "") -> object:
    """Return a value with references in place of known names, inside longer texts too, the longest first.

    Args:
        references: by text, address and output as `vpc/main:id`.
        mark: `!` if the resources must be ready.
    """
    if not references:
        return value
    longest: Iterable[str] = sorted(references, key=len, reverse=True)
    pattern = re.compile(BOUNDS.format("|".join(map(re.escape, longest))))
    return _each(value, lambda text: pattern.sub(lambda m: f"${{{references[m[0]]}{mark}}}", text))


def _each(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_each(key, change): _each(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(item, change) for item in value]
    return value
