"""Read JSON from any sender: as strictly as AWS does, and only to a limited depth."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

DEPTH = 64
"""The most levels of nested lists and objects; no request of AWS's comes near."""
TOO_DEEP = "it is nested too deeply"


def parsed(content: bytes) -> Any:
    """Return the value of a JSON text in UTF-8.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or has a value that JSON lacks (NaN, half a character).
    """
    try:
        value = _DECODER.decode(content.decode("utf-8-sig"))
        # UTF-8 has no halves of characters: only escapes can contain them
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except UnicodeEncodeError:
        raise ValueError("a string contains an unpaired surrogate") from None
    if _depth_exceeds(value, DEPTH):
        raise ValueError(TOO_DEEP)
    return value


def _depth_exceeds(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _finite(digits: str) -> float:
    if math.isfinite(found := float(digits)):
        return found
    raise ValueError("a number is infinite")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_number)
