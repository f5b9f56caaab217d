"""Limit a run: `up` to a step and its dependencies, `down` to it and its dependents, `deploy` to some resources."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from provisioner.engine.declaration import Declared, filled, needed_by, reachable
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.records.consistency import dependents, type_of
from provisioner.engine.resource import Resource, output_of
from provisioner.engine.words import names

if TYPE_CHECKING:
    from provisioner.state.model import Record


def check(target_step: str | None, known: Collection[str]) -> None:
    """Refuse an unknown step.

    Raises:
        ConfigurationError: with the nearest name and all of them.
    """
    if target_step is None or target_step in known:
        return
    near = difflib.get_close_matches(target_step, known, 1)
    meant = f'; did you mean "{near[0]}"? The steps are' if near else "; choose from"
    raise ConfigurationError(f'--target-step: there is no step "{target_step}"{meant} {", ".join(sorted(known))}')


def step_and_dependencies(steps: Mapping[str, Callable[..., Any]], target_step: str) -> set[str]:
    """Return the step and all its direct and indirect dependencies."""
    return set(reachable(target_step, lambda name: needed_by(steps, name)))


def limited(declared: Mapping[str, Declared], steps: Collection[str]) -> dict[str, Declared]:
    """Return the resources of these steps: they depend on no others, as a step refers only to the steps before it."""
    return {address: item for address, item in declared.items() if item.step in steps}


def alone(
    declared: Mapping[str, Declared], records: Mapping[str, Record], addresses: Collection[str]
) -> dict[str, Declared]:
    """Return these resources by themselves: their other dependencies count as recorded, and are not read.

    Raises:
        ConfigurationError: one of the other dependencies is not there, or not ready.
    """
    outside = {
        one.address
        for address in addresses
        for one in declared[address].dependencies
        if one.address not in addresses and not one.order_only
    }
    if missing := [one for one in outside if one not in records or records[one].phase != "ready"]:
        raise ConfigurationError(f"{names(sorted(missing))} not there, or not ready: run `provision up` first")

    def known(address: str, output: str) -> Any:
        return None if address in addresses else output_of(records.get(address), output)

    return {
        address: replace(
            item,
            resource=filled(item.resource, known),
            dependencies=tuple(one for one in item.dependencies if one.address in addresses),
            recorded=tuple(item.built_on),
        )
        for address, item in declared.items()
        if address in addresses
    }


def as_recorded(record: Record, **changes: Any) -> Declared:
    """Return a record as a declaration by itself: its dependencies stay recorded, and are not waited for.

    Args:
        changes: other values of its fields.
    """
    resource_type = type_of(record)
    known = {one.name for one in fields(resource_type)} - {"name"}
    arguments = {name: value for name, value in record.arguments.items() if name in known} | changes
    desired: Resource = resource_type(record.address.partition("/")[2], **arguments)
    return Declared(desired, (), record.step, recorded=tuple(record.dependencies))


def step_and_dependents(records: Mapping[str, Record], target_step: str) -> list[str]:
    """Return the addresses of the step's recorded resources and of all their direct and indirect dependents."""
    built = dependents(records)
    of_step = [address for address, record in records.items() if record.step == target_step]
    # no address is empty: it stands for the step
    found = {*reachable("", lambda address: built.get(address, of_step))}
    return [address for address in records if address in found]
