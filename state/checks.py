"""The allowed content of a state: check all of it at each read, since anybody may have written the file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn

DEPTH = 64
"""The most levels to which lists and tables may be nested; no setting of AWS's comes near it."""
LENGTH = 2048
"""The most characters of a name or an id (the longest ARN)."""
MOST = 2**53
"""The limit of numbers: up to it every reader of JSON sees the same number."""

Check = Callable[[Any], bool]
_NO_BRACKETS = bytes({*range(256)} - {*b"{[\n"})
"""All bytes except line ends and opening brackets; deleting them leaves only these."""
_STRICT = json.JSONEncoder(allow_nan=False, ensure_ascii=False)


def parsed(content: bytes) -> Any:
    """Return the content of a JSON text in UTF-8.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds values that JSON lacks (NaN, half a character).
    """
    written = content.decode("utf-8-sig")
    value = _loaded(written)
    _shallow(value)
    return value


def parsed_lines(content: bytes) -> dict[str, Any]:
    """Return the content of the lines `"key": value,` of a table two levels deep, faster than `parsed`.

    Raises:
        ValueError: as in `parsed`.
    """
    brackets = content.translate(None, _NO_BRACKETS).split(b"\n")
    found: dict[str, Any] = _loaded("{" + content.decode().rstrip(",") + "}")
    # a line with so few brackets cannot be nested too deeply, if each line is one value
    if max(map(len, brackets)) >= DEPTH - 2 or len(found) != len(brackets):
        _shallow([found])
    return found


def lossy(value: Any, above: int) -> str:
    """Return why JSON would not give a value back that lies `above` levels deep in a file; empty if it would."""
    try:
        _STRICT.encode(value).encode()
    except UnicodeEncodeError:
        return "a string contains an unpaired surrogate"
    except RecursionError:
        return "it is nested too deeply"
    except (TypeError, ValueError) as error:
        return str(error)
    level = [value]
    for _ in range(DEPTH - 1 - above):
        if not all(isinstance(key, str) for items in level if isinstance(items, dict) for key in items):
            return "a key is not a string"
        inside = (items.values() if isinstance(items, dict) else items for items in level)
        level = [inner for items in inside for inner in items if isinstance(inner, dict | list | tuple)]
        if not level:
            return ""
    return "it is nested too deeply"


def text(value: Any) -> bool:
    """Return whether the value is a single line of text that a terminal can print as it is."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LENGTH


def number(value: Any) -> bool:
    """Return whether the value is a number that a time or a duration can have."""
    return type(value) in {int, float} and -MOST < value < MOST


def moment(value: Any) -> bool:
    """Return whether the value is a number of seconds since a start."""
    return number(value) and value >= 0


def whole(value: Any) -> bool:
    """Return whether the value is a count."""
    return isinstance(value, int) and number(value) and value >= 0


def table(value: Any) -> bool:
    """Return whether the value is a table."""
    return isinstance(value, Mapping)


def texts(value: Any) -> bool:
    """Return whether the value is a list of texts."""
    return isinstance(value, list) and all(map(text, value))


def counts(value: Any) -> bool:
    """Return whether the value is a table of counts."""
    return table(value) and all(text(key) and whole(item) for key, item in value.items())


def optional(check: Check) -> Check:
    """Return a check that accepts None as well."""
    return lambda value: value is None or check(value)


def wrong(data: Any, checks: Mapping[str, Check], needed: Collection[str]) -> str:
    """Return the first fault of a table, in words; empty if it has none.

    Args:
        checks: for each allowed key, the check of its value.
        needed: the keys that the table must have.
    """
    if not table(data):
        return "it is not a JSON object"
    if not all(map(data.__contains__, needed)):
        return f"{next(key for key in checks if key in needed and key not in data)} is missing"
    for key, value in data.items():
        if key not in checks:
            return f"{key[:LENGTH]!r} is unknown" if isinstance(key, str) else "a key is not a string"
        if not checks[key](value):
            return f"{key} has an invalid value"
    return ""


def _loaded(written: str) -> Any:
    try:
        value = _DECODER.decode(written)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # UTF-8 cannot encode half of a surrogate pair: only an escape can contain one
    if "\\" in written and "\\u" in written:
        _whole_characters(value)
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _finite(digits: str) -> float:
    if math.isfinite(found := float(digits)):
        return found
    raise ValueError("a number is infinite")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_number)


def _shallow(value: Any) -> None:
    """Raise ValueError for a value that is nested too deeply for later code to walk through."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEPTH):
        if not level:
            return
        inside = (item.values() if type(item) is dict else item for item in level)
        level = [inner for items in inside for inner in items if type(inner) is dict or type(inner) is list]
    raise ValueError("it is nested too deeply")


def _whole_characters(value: Any) -> None:
    """Raise ValueError for texts that `json.loads` accepts, but that no file or call can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a string contains an unpaired surrogate") from None
