"""Check a state against the resource types: a valid document may have wrong fields or references."""

from __future__ import annotations

import sys
import types
from collections import ChainMap
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from graphlib import CycleError, TopologicalSorter
from types import SimpleNamespace
from typing import Any, Union, get_args, get_origin, get_type_hints

from provisioner.engine.own_code import unsupported
from provisioner.engine.records.lookup import addresses_by_id
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import type_named
from provisioner.state.model import REBUILD, Record, StateError


def check(records: Mapping[str, Record]) -> None:
    """Refuse records that the engine and the types cannot work with. Unknown types pass here.

    Raises:
        StateError: a setting is of another type than the resource type's.
    """
    type_names = {record.type for record in records.values()}
    resource_types = {name: found for name in type_names if (found := type_named(name))}
    settings = {name: _settings(resource_type) for name, resource_type in resource_types.items()}
    for record in records.values():
        if record.type in resource_types:
            _check_arguments(record, resource_types[record.type].identity, settings[record.type])


def check_order(records: Mapping[str, Record]) -> None:
    """Refuse dependencies that form a cycle: no resource could be deleted first.

    Raises:
        StateError: with the cycle and the remedy.
    """
    try:
        TopologicalSorter({address: record.dependencies for address, record in records.items()}).prepare()
    except CycleError as error:
        circle = " depends on ".join(error.args[1][::-1])
        raise StateError(
            f"the state is inconsistent: {circle}. `provision up` records the order again, and {REBUILD}"
        ) from None


def dependents(records: Mapping[str, Record]) -> dict[str, list[str]]:
    """Return the addresses of each recorded resource's dependents, by its address.

    A renamed resource is recorded twice until `up` has dropped the former record: its dependents under one address
    depend on the other as well, unless that would make a cycle.
    """
    same = addresses_by_id(records, records)
    dependencies = {
        address: [one for one in record.dependencies if one in records] for address, record in records.items()
    }
    twins = {address: same.get((record.type, record.id or ""), [address]) for address, record in records.items()}
    wider = {
        address: list(dict.fromkeys(twin for one in found for twin in twins[one]))
        for address, found in dependencies.items()
    }
    try:
        TopologicalSorter(wider).prepare()
    except CycleError:
        wider = dependencies
    found: dict[str, list[str]] = {address: [] for address in records}
    for address, needed in wider.items():
        for dependency in needed:
            found[dependency].append(address)
    return found


def _check_arguments(record: Record, identity: Sequence[str], settings: Mapping[str, Any]) -> None:
    """Check the settings that are recorded: another version may have others, and not all can be read back."""
    for name in settings.keys() & record.arguments.keys():
        value = record.arguments[name]
        if not fits(value, settings[name]) and (value is not None or name in identity):
            raise StateError(f"the state is inconsistent: {name} of {record.address} has the wrong type. {REBUILD}")


def _settings(resource_type: type[Resource]) -> dict[str, Any]:
    """Return the types of the type's settings only: resolving all other annotations takes much longer."""
    declared = {field.name: field.type for field in fields(resource_type) if field.name != "name"}
    # a setting may be of a class in another module, which imports the names of its type
    names = ChainMap(*(vars(sys.modules[one.__module__]) for one in resource_type.__mro__))
    return get_type_hints(SimpleNamespace(__annotations__=declared), localns=names)


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value, which may have passed through JSON, is of a type."""
    if hint is Any:
        return True
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is type(None):
        return value is None
    if origin is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(origin, type):
        return True
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(fits(item, inner[1]) for item in value.values() if inner)
    if issubclass(origin, Sequence | AbstractSet) and origin is not str:
        many = isinstance(value, list | tuple | set | frozenset)
        return many and all(fits(item, inner[0]) for item in value if inner)
    return isinstance(value, origin)


def type_of(record: Record) -> type[Resource]:
    """Return the record's resource type.

    Raises:
        StateError: neither this version nor the user's own modules have such a resource type.
    """
    found = type_named(record.type)
    if found is None:
        reason, fix = unsupported(record.type)
        raise StateError(f"{record.address} {reason}: {fix}, then run again")
    return found
