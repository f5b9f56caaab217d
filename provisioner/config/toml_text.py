"""Write TOML: keys and values as a person would write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any


def key(*parts: str) -> str:
    """Return the parts of a key with dots between them, and quotes where TOML needs them."""
    return ".".join(part if re.fullmatch(r"[\w-]+", part, re.ASCII) else text(part) for part in parts)


def text(value: str) -> str:
    """Return a text in quotes, on one line."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def value(given: Any) -> str:
    """Return a value on one line: text, a number, true or false, a list or an inline table of these."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, str):
        return text(given)
    if isinstance(given, Mapping):
        inside = ", ".join(f"{key(name)} = {value(one)}" for name, one in given.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(given, Iterable):
        return f"[{', '.join(map(value, given))}]"
    return str(given)
