"""Decide which orphaned resources `up` keeps, because they hold data, and which it deletes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.losses import data_of
from provisioner.engine.planning.plan import orphans, same_name
from provisioner.engine.records.consistency import dependents
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import type_named
from provisioner.engine.traits import ServesData

if TYPE_CHECKING:
    from provisioner.engine.declaration import Declared
    from provisioner.state.model import Record


@dataclass(frozen=True)
class Removal:
    """The deletions that the user allows in addition to the deletions that `up` makes by itself.

    Attributes:
        delete: addresses of orphaned resources that hold data.
        unprotect: whether these, and running services, are deleted from a protected stack as well.
    """

    delete: frozenset[str] = frozenset()
    unprotect: bool = False

    @property
    def words(self) -> list[str]:
        """The options of the command line that allow the same deletions."""
        named = [word for address in sorted(self.delete) for word in ("--delete", address)]
        return named + (["--unprotect"] if self.unprotect else [])


def going(records: Mapping[str, Record], declared: Mapping[str, Declared], removal: Removal) -> list[str]:
    """Return the addresses that `up` deletes: orphaned resources, except those with data and their parts.

    A deletion that an interrupted run has begun goes on.
    """
    staying = kept(records, declared, removal)
    return [address for address in orphans(records, declared) if address not in staying]


def kept(records: Mapping[str, Record], declared: Mapping[str, Declared], removal: Removal) -> list[str]:
    """Return the orphaned addresses that stay: resources with data, their parts, and their dependencies."""
    orphaned = orphans(records, declared)
    staying = {
        address
        for address in orphaned
        if address not in removal.delete and data_of(records[address]) and _stands(records[address], records, declared)
    }
    before = set[str]()
    while before != staying:
        before = set(staying)
        needed = {one for address in staying for one in records[address].dependencies}
        staying |= {address for address in orphaned if address in needed}
        staying |= {a for a in orphaned if a not in removal.delete and _is_part(records[a], staying)}
    return [address for address in orphaned if address in staying]


def _stands(record: Record, records: Mapping[str, Record], declared: Mapping[str, Declared]) -> bool:
    """Return whether an orphaned resource exists, is not being deleted, and has no other declared address."""
    if record.phase in {"creating", "deleting"}:
        return False
    moved = any(
        (records[a].type, records[a].id) == (record.type, record.id) for a in records if a in declared and record.id
    )
    return not moved and not any(same_name(item.resource, record) for item in declared.values())


def _is_part(record: Record, staying: Collection[str]) -> bool:
    """Return whether a resource belongs to a kept one: an image to its repository, or a server of its data."""
    resource_type = type_named(record.type) or Resource
    part = resource_type.has_parent or issubclass(resource_type, ServesData)
    return record.phase != "deleting" and part and any(a in staying for a in record.dependencies)


def check(records: Mapping[str, Record], declared: Mapping[str, Declared], removal: Removal) -> list[str]:
    """Refuse to delete a declared resource, or a dependency of a kept one.

    Returns:
        A sentence for each address that is not recorded: an interrupted run with the same options may have deleted it.

    Raises:
        ConfigurationError: with the way to do it instead.
    """
    staying = set(kept(records, declared, removal))
    notes = []
    for address in sorted(removal.delete):
        if address in declared:
            raise ConfigurationError(
                f"--delete {address}: it is declared, so `up` would create it again: take it out of the configuration "
                f"first"
            )
        if type_named(address.partition("/")[0]) is None:
            raise ConfigurationError(
                f"--delete {address}: that is no address, such as bucket/access-logs: `provision state list` shows them"
            )
        if address not in records:
            near = difflib.get_close_matches(address, staying, 1)
            meant = f'; did you mean "{near[0]}"?' if near else ""
            notes.append(f"--delete {address}: nothing is recorded under this address{meant}")
        if address in staying:
            users = [user for user in dependents(records)[address] if user in staying]
            raise ConfigurationError(
                f"--delete {address}: {users[0]}, which is kept, depends on it: add --delete {users[0]}, or leave it"
            )
    return notes
