"""Correct the state by hand: forget a record, or give it another address. Nothing in the cloud is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource_types import ADDRESS, type_named
from provisioner.operations.context.records import find_record
from provisioner.operations.impact.data_loss import costly
from provisioner.operations.overrides import stack_protection
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.state.store import Store


def to_forget(store: Store, address: str, *, force: bool) -> str:
    """Return a sentence about the resource that stays in the cloud when its record is forgotten.

    Raises:
        ConfigurationError: there is no such record; it protects the stack; or others depend on it, or a protected
            stack would forget data or a service, and `force` is not set.
    """
    find_record(store.state, address)
    record = store.records[address]
    _check_protection(store.records, record, force=force)
    if (dependents := direct_dependents(store.records, address)) and not force:
        raise ConfigurationError(
            f"{address} is a dependency of {', '.join(dependents)}: without its record it could be deleted before "
            f"them. Remove those records first, or add --force"
        )
    resource_type = type_named(record.type)
    if record.phase == "creating":
        return f"a resource that an earlier call may have created for {address} is not changed"
    if not record.id or (resource_type and (resource_type.created_by_aws or resource_type.retained)):
        return f"{address} has no resource that only this stack uses, so none is changed"
    return f"{record.id} itself is not changed"


def _check_protection(records: Mapping[str, Record], record: Record, *, force: bool) -> None:
    """Refuse to lift the protection of a stack by hand, and to forget its data and services without `force`."""
    if record.address == stack_protection.ADDRESS:
        raise ConfigurationError(
            f"{record.address} protects the stack from deletion: to lift that, write protect = false and run "
            f"`provision up`"
        )
    if stack_protection.recorded(records) and (what := costly(record)) and not force:
        raise ConfigurationError(
            f"{record.address} is {what} of a protected stack, which nothing would know any more: to remove the record "
            f"all the same, add --force"
        )


def direct_dependents(records: Mapping[str, Record], address: str) -> list[str]:
    """Return the addresses of the resources that were built on a recorded resource."""
    return [dependent for dependent, record in records.items() if address in record.dependencies]


def rename(store: Store, old: str, new: str) -> list[str]:
    """Move a record to another address, in its dependents' records too; return the addresses of the dependents.

    A killed rename can be run again. Until then the resource may have two records; it is not deleted for that.

    Raises:
        ConfigurationError: there is no such record, it is being created, or the new address is the same, malformed,
            taken, or of another resource type.
    """
    find_record(store.state, old)
    record = store.records[old]
    if new == old:
        # writing the new record and dropping the old one would forget it
        raise ConfigurationError(f"{old} has that address already, so nothing was changed: choose another")
    if not re.fullmatch(ADDRESS, new) or new.partition("/")[0] != record.type:
        raise ConfigurationError(f"{new} cannot be the address of a {record.type}: write {record.type}/NAME")
    if record.phase == "creating":
        # the resource may exist with the old address in its tags, and can be found only by them
        raise ConfigurationError(f"{old} is being created: run `provision up`, then this again")
    taken = store.records.get(new)
    if taken and (taken.id is None or taken.id != record.id):
        raise ConfigurationError(f"{new} is already in the state ({taken.id}): remove or rename that first")
    dependents = direct_dependents(store.records, old)
    store.put(replace(record, address=new))
    for dependent in dependents:
        dependencies = [new if one == old else one for one in store.records[dependent].dependencies]
        store.put(replace(store.records[dependent], dependencies=list(dict.fromkeys(dependencies))))
    store.drop(old)
    return dependents
