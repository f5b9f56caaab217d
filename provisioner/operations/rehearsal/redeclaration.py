"""Declare a recorded stack again, with references in place of IDs, so that a copy fills in its own IDs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any

from provisioner.engine.declaration import REFERENCE, Declared, Dependency, reachable
from provisioner.engine.own_code import unsupported
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.substitution import with_references
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import type_named
from provisioner.operations.rehearsal.snapshots import MADE_OF
from provisioner.resources.acm.validation import ValidationRecord
from provisioner.state.model import Record

UNFINISHED = {"creating": "is still being created", "deleting": "is being deleted"}

SHORTEST = 3
"""The least number of characters of a value that is replaced; shorter values occur in unrelated texts."""

REGISTRY = "repository_uri"
"""An output that is no stable value: each embedded cloud has its registry at another address."""


def declarations(
    records: Mapping[str, Record], restored: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> tuple[dict[str, Declared], dict[str, str]]:
    """Return declarations of the recorded resources, each after its dependencies.

    Each resource waits until its dependencies are ready, which is safe but slower than necessary.

    Args:
        restored: by address, the arguments of resources whose record lacks some of them.

    Returns:
        The declarations by address; and by address the reason why a resource is left out.
    """
    declared, left_out = dict[str, Declared](), dict[str, str]()
    for address in _in_order(records):
        record = records[address]
        if why := _why_left_out(record, left_out):
            left_out[address] = why
            continue
        references = _references(record, records)
        # a certificate becomes ready by the records that need it
        mark = "" if record.type == ValidationRecord.type_name else "!"
        arguments = {
            name: with_references(value, references, mark)
            for name, value in restored.get(address, record.arguments).items()
            if name != MADE_OF.get(record.type)
        }
        # a resource may be recorded with a reference that was never filled: there is nothing to wait for
        dependencies = {
            Dependency(m[1], m[2], bool(m[3])): None for m in REFERENCE.finditer(repr(arguments)) if m[1] in records
        }
        dependencies |= {Dependency(one, ready=bool(mark)): None for one in record.dependencies if one in records}
        desired: Resource = type_of(record)(address.partition("/")[2], **arguments)
        declared[address] = Declared(desired, tuple(dependencies), record.step)
    return declared, left_out


def _in_order(records: Mapping[str, Record]) -> Iterator[str]:
    """Yield the addresses, each after its dependencies. Dependencies without a record are passed over."""
    met = set[str]()
    for first in records:
        todo = [first]
        while todo:
            missing = [one for one in records[todo[-1]].dependencies if one in records and one not in (*met, *todo)]
            if missing:
                todo.append(missing[0])
                continue
            if (address := todo.pop()) not in met:
                met.add(address)
                yield address


def _why_left_out(record: Record, left_out: Mapping[str, str]) -> str:
    """Return why a record cannot be declared; empty if it can."""
    if record.phase in UNFINISHED:
        return UNFINISHED[record.phase]
    if not_copied := [one for one in record.dependencies if one in left_out]:
        return f"depends on {not_copied[0]}, which is not copied"
    resource_type = type_named(record.type)
    if resource_type is None:
        return f"{unsupported(record.type)[0]} ({record.type})"
    known = {one.name: one for one in fields(resource_type) if one.name != "name"}
    if unknown := sorted(record.arguments.keys() - known.keys()):
        return f"was recorded by another version, with {', '.join(unknown)}"
    needed = {name for name, one in known.items() if one.default is one.default_factory is MISSING}
    if missing := sorted(needed - record.arguments.keys()):
        return f"was recorded by another version, without {', '.join(missing)}"
    return ""


def _references(record: Record, records: Mapping[str, Record]) -> dict[str, str]:
    """Return the references for the IDs and outputs of a record's dependencies, by value.

    Direct dependencies come first: two resources may have the same name.
    """
    found: dict[str, str] = {}
    needed = reachable(record.address, lambda one: records[one].dependencies if one in records else ())
    for address in (*record.dependencies, *needed):
        if address == record.address or address not in records:
            continue
        other = records[address]
        same = set((type_named(other.type) or Resource).derived) - {REGISTRY}
        for output, value in {"id": other.id, **other.outputs}.items():
            if output in same:
                continue
            # resources have names without the final dot that AWS shows
            for text in {value, value.rstrip(".")} if isinstance(value, str) else ():
                if len(text) >= SHORTEST:
                    found.setdefault(text, f"{address}:{output}")
    return found
