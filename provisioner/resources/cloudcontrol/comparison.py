"""Compare a property's live value with its declaration, and make the patch that corrects it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.resources.cloudcontrol import hidden
from provisioner.resources.cloudcontrol.schemas import Schema, Way

Patch = list[dict[str, Any]]
"""A JSON patch (RFC 6902)."""


def same(schema: Schema, name: str, live: Any, wanted: Any) -> bool:
    """Say whether a property is as declared, ignoring AWS's additions and write-only parts."""
    return _same(schema, schema.content["properties"].get(name, {}), (name,), live, wanted)


def differing(schema: Schema, ways: frozenset[Way], live: Mapping[str, Any], name: str, wanted: Any) -> list[Way]:
    """Return the given paths within a property whose live value differs from the declared one."""
    found = []
    for way in sorted(ways):
        if way[0] != name or len(way) == 1 or "*" in way:
            continue
        new = at({name: wanted}, way)
        if new is not None and not hidden.write_only(schema, way) and not _same(schema, {}, way, at(live, way), new):
            found.append(way)
    return found


def at(value: Any, way: Sequence[str]) -> Any:
    """Return the value at a path within a value, or None."""
    for part in way:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _same(schema: Schema, shape: Mapping[str, Any], way: Way, live: Any, wanted: Any) -> bool:
    if hidden.write_only(schema, way):
        return True
    shape = schema.shape(shape)
    live, wanted = _document(live, wanted), _document(wanted, live)
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        parts = shape.get("properties", {})
        return all(
            _same(schema, parts.get(key, {}), (*way, str(key)), live.get(key), item) for key, item in wanted.items()
        )
    if isinstance(wanted, list | tuple) and isinstance(live, list | tuple):
        if len(live) != len(wanted):
            return False
        return all(found is not None for found in _matches(schema, shape, way, live, wanted))
    if isinstance(wanted, Mapping | list | tuple) or isinstance(live, Mapping | list | tuple):
        return False
    return live is not None and _plain(live) == _plain(wanted)


def _document(value: Any, other: Any) -> Any:
    """Return a JSON text as parsed if the other side is a mapping or list; any other value is returned unchanged."""
    if isinstance(value, str) and isinstance(other, Mapping | list):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _plain(value: Any) -> str:
    """Return a scalar as text, so that equal values of all types are equal texts."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _matches(
    schema: Schema, shape: Mapping[str, Any], way: Way, live: Sequence[Any], wanted: Sequence[Any]
) -> Iterator[Any]:
    """Yield for each declared item the live item that is as declared, or None."""
    inside, inner = shape.get("items", {}), (*way, "*")
    if shape.get("insertionOrder") is not False:
        for number, item in enumerate(wanted):
            there = live[number] if number < len(live) else None
            yield there if _same(schema, inside, inner, there, item) else None
        return
    left = list(live)
    for item in wanted:
        there = next((one for one in left if _same(schema, inside, inner, one, item)), None)
        if there is not None:
            left.remove(there)
        yield there


def taken_out(live: Any, wanted: Any, before: Any) -> bool:
    """Say whether a key within a property is live and was declared before, but is not declared now."""
    if not isinstance(live, Mapping) or not isinstance(wanted, Mapping) or not isinstance(before, Mapping):
        return False
    gone = any(key in live and key not in wanted for key in before)
    return gone or any(taken_out(live.get(key), item, before.get(key)) for key, item in wanted.items())


def patch(schema: Schema, name: str, live: Any, wanted: Any, before: Any) -> Patch:
    """Return the JSON patch that makes a property as declared, leaf by leaf.

    AWS's own additions beside a leaf stay. A patch of the whole object would remove them, and would count as a change
    of parts that cannot change (pulumi-aws-native#2936).

    Args:
        before: its last declaration, if that is known.
    """
    return _patch(schema, schema.content["properties"].get(name, {}), (name,), live, wanted, before)


def _patch(schema: Schema, shape: Mapping[str, Any], way: Way, live: Any, wanted: Any, before: Any) -> Patch:
    shape = schema.shape(shape)
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        parts, found = shape.get("properties", {}), Patch()
        for key, item in wanted.items():
            inner, there = (*way, str(key)), live.get(key)
            asked = before.get(key) if isinstance(before, Mapping) else None
            known = hidden.write_only(schema, inner)
            if known or not _same(schema, parts.get(key, {}), inner, there, item) or taken_out(there, item, asked):
                found += _patch(schema, parts.get(key, {}), inner, there, item, asked)
        gone = [key for key in before if key in live and key not in wanted] if isinstance(before, Mapping) else []
        return found + [{"op": "remove", "path": pointer((*way, key))} for key in gone]
    if isinstance(live, list) and isinstance(wanted, list | tuple):
        # a list is sent as a whole, with AWS's additions to the items that stay
        kept = _matches(schema, shape, way, live, wanted)
        wanted = [item if there is None else there for item, there in zip(wanted, kept, strict=True)]
    return [{"op": "add", "path": pointer(way), "value": wanted}]


def pointer(way: Sequence[str]) -> str:
    """Return a path as a JSON pointer (RFC 6901)."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in way)
