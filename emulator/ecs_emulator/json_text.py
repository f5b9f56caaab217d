"""Reads JSON that anybody may have written: as strictly as AWS does, and no deeper than can be walked through."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

DEPTH = 64
"""How deep lists and tables may lie in each other: no request of AWS's comes near."""
TOO_DEEP = "it is nested too deeply"


def parsed(content: bytes) -> Any:
    """Return what a JSON text in UTF-8 says.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds what JSON does not have (NaN, half a character).
    """
    try:
        value = _DECODER.decode(content.decode("utf-8-sig"))
        # UTF-8 has no halves of characters: they can only have been written as escapes
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
