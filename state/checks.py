"""The allowed content of a state: all of it is checked at each read, since anybody may have written the file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn

DEPTH = 64
"""How deep lists and tables may lie in each other: no setting of AWS's comes near."""
LENGTH = 2048
"""The most characters of a name or an id (the longest ARN)."""
MOST = 2**53
"""Numbers stay below this, so that every reader of JSON sees the same one."""

Check = Callable[[Any], bool]
_NO_BRACKETS = bytes({*range(256)} - {*b"{[\n"})
"""Any text that neither ends a line nor leads a level deeper."""
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
        ValueError: as there.
    """
    brackets = content.translate(None, _NO_BRACKETS).split(b"\n")
    found: dict[str, Any] = _loaded("{" + content.decode().rstrip(",") + "}")
    # a line with so few brackets cannot be too deep, if each is a value of its own
    if max(map(len, brackets)) >= DEPTH - 2 or len(found) != len(brackets):
        _shallow([found])
    return found


def lossy(value: Any, above: int) -> str:
    """Say why a JSON file in which a value lies so many levels deep would not give it back; empty if it would."""
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
    """Whether it is a text of one line that a terminal shows as it is."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LENGTH


def number(value: Any) -> bool:
    """Whether it is a number, as times and durations are."""
    return type(value) in {int, float} and -MOST < value < MOST


def moment(value: Any) -> bool:
    """Whether it is a number of seconds since a start."""
    return number(value) and value >= 0


def whole(value: Any) -> bool:
    """Whether it is a count."""
    return isinstance(value, int) and number(value) and value >= 0


def table(value: Any) -> bool:
    """Whether it is a table."""
    return isinstance(value, Mapping)


def texts(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(map(text, value))


def counts(value: Any) -> bool:
    """Whether it is a table of counts."""
    return table(value) and all(text(key) and whole(item) for key, item in value.items())


def optional(check: Check) -> Check:
    """Return a check that accepts None as well."""
    return lambda value: value is None or check(value)


def wrong(data: Any, checks: Mapping[str, Check], needed: Collection[str]) -> str:
    """Return the fault of a table, in words; empty if it has none.

    Args:
        checks: for each key that it may have, whether a value is right.
        needed: the keys that it must have.
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
    # UTF-8 has no halves of characters: they can only have been written as escapes
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
    """Raise ValueError for a value that is nested too deeply to be walked through later."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEPTH):
        if not level:
            return
        inside = (item.values() if type(item) is dict else item for item in level)
        level = [inner for items in inside for inner in items if type(inner) is dict or type(inner) is list]
    raise ValueError("it is nested too deeply")


def _whole_characters(value: Any) -> None:
    """Raise ValueError for texts that `json.loads` lets pass, but that no file or call could hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a string contains an unpaired surrogate") from None
