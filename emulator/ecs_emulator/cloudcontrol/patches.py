"""JSON patches (RFC 6902), as UpdateResource takes them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any


class NoSuchPath(LookupError):
    """A path in a patch that does not exist in the model."""


def patched(model: Mapping[str, Any], document: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a model with a patch applied to it.

    Raises:
        NoSuchPath: a path does not exist in the model.
        ValueError: an operation is unknown, or a test fails.
    """
    whole: Any = copy.deepcopy(dict(model))
    for one in document:
        match one.get("op"):
            case "add":
                _put(whole, _parts(one["path"]), one["value"], new=True)
            case "replace":
                _put(whole, _parts(one["path"]), one["value"], new=False)
            case "remove":
                _take(whole, _parts(one["path"]))
            case "move":
                _put(whole, _parts(one["path"]), _take(whole, _parts(one["from"])), new=True)
            case "copy":
                _put(whole, _parts(one["path"]), copy.deepcopy(_found(whole, _parts(one["from"]))), new=True)
            case "test":
                if _found(whole, _parts(one["path"])) != one["value"]:
                    raise ValueError("value differs from expectations")
            case other:
                raise ValueError(f"Could not resolve type id '{other}' as a subtype of an operation")
    return dict(whole)


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _key(inside: Any, part: str) -> Any:
    if isinstance(inside, list):
        return len(inside) if part == "-" else int(part)
    return part


def _found(whole: Any, parts: list[str]) -> Any:
    try:
        for part in parts:
            whole = whole[_key(whole, part)]
    except (LookupError, TypeError, ValueError):
        raise NoSuchPath from None
    return whole


def _put(whole: Any, parts: list[str], value: Any, *, new: bool) -> None:
    inside = _found(whole, parts[:-1])
    if not new:
        _found(whole, parts)
    key = _key(inside, parts[-1])
    if new and isinstance(inside, list):
        inside.insert(key, value)
    elif isinstance(inside, list | dict):
        inside[key] = value
    else:
        raise NoSuchPath


def _take(whole: Any, parts: list[str]) -> Any:
    _found(whole, parts)
    inside = _found(whole, parts[:-1])
    return inside.pop(_key(inside, parts[-1]))
