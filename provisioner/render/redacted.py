"""Plans without any values of variables: for outputs that more people read than may run the command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provisioner.engine.planning.actions import HIDDEN, HIDDEN_CHANGE, Planned, parsed
from provisioner.engine.resource import Change

Where = tuple[str | int, ...]


def without_values(planned: Sequence[Planned]) -> list[Planned]:
    """Return a plan in which values of `environment` and `build_args` are hidden; it says which change."""
    return [replace(one, changes=_changes(one.changes), later=_changes(one.later)) for one in planned]


def _changes(changes: Mapping[str, Change]) -> dict[str, Change]:
    return {name: Change(*_hidden(name, one.old, one.new)) for name, one in changes.items()}


def _hidden(field: str, old: Any, new: Any) -> tuple[Any, Any]:
    """Return both sides of a field without values of variables; the new side marks changed values."""
    before, after = (dict(_variables(parsed(side), (field,))) for side in (old, new))
    words = {where: HIDDEN if before.get(where, value) == value else HIDDEN_CHANGE for where, value in after.items()}
    return _replaced(parsed(old), dict.fromkeys(before, HIDDEN), (field,)), _replaced(parsed(new), words, (field,))


def _variables(value: Any, where: Where) -> Iterator[tuple[Where, str]]:
    """Yield the values of variables, of containers and of builds, with their places."""
    match value:
        case {"name": str(name), "value": str(text)} if "environment" in where:
            yield (*where[:-1], name), text
        case dict():
            for key, item in value.items():
                if where[-1] == "build_args":
                    yield (*where, key), str(item)
                else:
                    yield from _variables(item, (*where, key))
        case list():
            for number, item in enumerate(value):
                yield from _variables(item, (*where, number))


def _replaced(value: Any, words: Mapping[Where, str], where: Where) -> Any:
    match value:
        case {"name": str(name), "value": str()} if "environment" in where:
            return {**value, "value": words[(*where[:-1], name)]}
        case dict():
            return {
                key: words.get((*where, key)) or _replaced(item, words, (*where, key)) for key, item in value.items()
            }
        case list():
            return [_replaced(item, words, (*where, number)) for number, item in enumerate(value)]
    return value
