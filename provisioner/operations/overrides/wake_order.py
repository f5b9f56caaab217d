"""The resources that `provision wake` makes again after `provision sleep` deleted them, in their order."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, cast

from provisioner.engine.declaration import REFERENCE, Declared, Dependency, reachable
from provisioner.engine.planning.target import as_recorded
from provisioner.operations.overrides import sleep_parts
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.engine.resource import Resource


def deleted(records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the records of the resources that `provision sleep` has deleted, by address."""
    found = {}
    for part, record in sleep_parts.recorded(records):
        types = {one.type_name for one in sleep_parts.MEMBERS[part]}
        for address, row in record.arguments["records"].items():
            one = Record.from_row(address, row)
            # a user who can write the state must not make it create resources of other types
            if one.type in types:
                found[address] = one
    return found


def returning(records: Mapping[str, Record], others: Mapping[str, Declared]) -> dict[str, Declared]:
    """Return the declarations of a wake: deleted resources, resources that name them, and `others`.

    All are as recorded, with references to the new ids; each waits for the resources that it needs.

    Args:
        others: the declarations that wake in any case.
    """
    again, follows = deleted(records), sleep_parts.references(records)
    declared = {address: as_recorded(record, **follows.get(address, {})) for address, record in again.items()}
    for address, fields in follows.items():
        if address in others:
            continue
        if address in records and records[address].phase in ("created", "ready"):
            declared[address] = as_recorded(records[address], **fields)
    for address, item in others.items():
        resource = dataclasses.replace(cast("Any", item.resource), **follows.get(address, {}))
        declared[address] = dataclasses.replace(item, resource=cast("Resource", resource))
    known, new = {**records, **again}, declared.keys() & (again.keys() | follows.keys())
    waiting = {
        address: dataclasses.replace(item, dependencies=(*item.dependencies, *_waits(item, known, new)))
        for address, item in declared.items()
    }
    # a plan must come to a resource before the resources that refer to it
    order = TopologicalSorter({a: [one.address for one in item.dependencies] for a, item in waiting.items()})
    return {address: waiting[address] for address in order.static_order()}


def _waits(item: Declared, known: Mapping[str, Record], new: Collection[str]) -> Iterator[Dependency]:
    """Yield the new resources that a resource waits for: by name, or since it was built on them, directly or not.

    Args:
        known: the records of all possible dependencies.
        new: the addresses of the resources created again, and of the resources that refer to them.
    """
    found = REFERENCE.finditer(repr(item.resource.fields()))
    meant = {match[1]: match[2] for match in found if match[1] in new}
    for address, output in meant.items():
        # a listener needs only the ARN of its load balancer, and a rule only the ARN of its listener
        yield Dependency(address, output, ready=not isinstance(item.resource, Listener | ListenerRule))

    def built_on(address: str) -> Iterator[str]:
        if address == item.address:
            yield from item.recorded_dependencies
        elif address in known and address not in new:
            yield from known[address].dependencies

    for address in reachable(item.address, built_on):
        if address in new and address not in (item.address, *meant):
            yield Dependency(address, ready=True)


def without(declared: Mapping[str, Declared], records: Mapping[str, Record]) -> dict[str, Declared]:
    """Return the declarations of a stack that sleeps: without deleted resources, and the rest as it is meanwhile.

    The records of the deleted parts are included, so that they are kept.
    """
    gone = deleted(records).keys() - records.keys()
    follows = sleep_parts.references(records)
    found = {record.address: as_recorded(record) for _, record in sleep_parts.recorded(records)}
    for address, item in declared.items():
        if address in gone:
            continue
        known = records[address].arguments if address in records else {}
        fields = {name: known[name] for name in follows.get(address, ()) if name in known}
        resource = dataclasses.replace(cast("Any", item.resource), **fields) if fields else item.resource
        dependencies = tuple(one for one in item.dependencies if one.address not in gone)
        recorded = tuple(item.recorded_dependencies)
        found[address] = dataclasses.replace(item, resource=resource, dependencies=dependencies, recorded=recorded)
    return found
