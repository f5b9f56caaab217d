"""Hide values of resources in records and output: write-only properties, and texts that look like secrets.

The state has a digest of each hidden text (`state/variables.py`), which shows a change. Numbers and switches, such as
the length of a password that AWS generates, are not hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.config.secret_values import looks_secret
from provisioner.engine.planning.actions import HIDDEN, HIDDEN_CHANGE
from provisioner.engine.resource import DIGEST_OF, Change, digest_of
from provisioner.resources.cloudcontrol.schemas import Schema, Way

SENSITIVE: Mapping[str, frozenset[Way]] = {"AWS::SSM::Parameter": frozenset({("Value",)})}
"""Properties that AWS shows but that are hidden all the same, by type: they exist to hold secrets."""
NAMES = ("Name", "Key")
"""The members that hold the name in a pair of name and `Value`."""
PLAIN = frozenset({"Key"})
"""Member names that look like a secret's name, but are none: the key of a tag, or of an object."""


def held(schema: Schema, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties as a state holds them; properties in that form are returned unchanged."""
    salt = "/".join([schema.name, *(str(settings.get(name) or "") for name in schema.identity)])
    return _replaced(schema, settings, lambda way, text: digest_of(text, f"{salt}/{'/'.join(way)}"))


def told(schema: Schema, name: str, change: Change) -> Change:
    """Return a change of a property as users may see it."""
    new = HIDDEN if change.old is None else HIDDEN_CHANGE
    return Change(
        _replaced(schema, {name: change.old}, lambda way, text: HIDDEN)[name],
        _replaced(schema, {name: change.new}, lambda way, text: new)[name],
    )


def texts(schema: Schema, settings: Mapping[str, Any]) -> list[str]:
    """Return the secret texts in the properties."""
    found = list[str]()

    def keep(_: Way, text: str) -> str:
        found.append(text)
        return text

    _replaced(schema, settings, keep)
    return found


def digests(schema: Schema, name: str, value: Any) -> list[tuple[Way, Any]]:
    """Return the write-only leaves of a property in a state's form, to compare them with other declarations."""
    return [(way, leaf) for way, leaf in _leaves({name: value}) if _within(schema.write_only, way)]


def write_only(schema: Schema, way: Way) -> bool:
    """Say whether AWS never shows the value at a path."""
    return _within(schema.write_only, way)


def secret_name(name: str) -> bool:
    """Say whether a name suggests a secret, with any value."""
    return bool(looks_secret(name, "x"))


def _secret(schema: Schema, way: Way, name: str, text: str) -> bool:
    ways = schema.write_only | SENSITIVE.get(schema.name, frozenset())
    return _within(ways, way) or (name not in PLAIN and bool(looks_secret(name, text)))


def _within(ways: frozenset[Way], way: Way) -> bool:
    """Return whether a path equals one of these paths, or lies inside one."""
    return any(way[:length] in ways for length in range(1, len(way) + 1))


def _replaced(schema: Schema, settings: Mapping[str, Any], word: Callable[[Way, str], str]) -> dict[str, Any]:
    def inside(way: Way, name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            # in a pair of name and value, the name tells whether the value is a secret
            says = next((value[one] for one in NAMES if isinstance(value.get(one), str) and "Value" in value), "")
            return {
                key: inside((*way, str(key)), says if says and key == "Value" else str(key), item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [inside((*way, "*"), name, item) for item in value]
        hidden = isinstance(value, str) and not value.startswith(DIGEST_OF) and _secret(schema, way, name, value)
        return word(way, value) if hidden else value

    return {name: inside((name,), name, value) for name, value in settings.items()}


def _leaves(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*way, str(key)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item, (*way, "*"))
    else:
        yield way, value
