"""The scope of `down`: the resources that it deletes, and their protection from deletion."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.engine.declaration import STEPS
from provisioner.engine.errors import STACK, UNPROTECT, PartProtected, Protected
from provisioner.engine.planning import target as limit
from provisioner.engine.records import protection
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.references import KnownResources
from provisioner.operations.impact.data_loss import costly
from provisioner.operations.overrides.stack_protection import LAST, SETTING, recorded
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws


def removal(records: Mapping[str, Record], target_step: str | None = None) -> dict[str, Record]:
    """Return the records that `down` removes: all, or the records of one step and its dependents.

    The records of the expiry date and of the protection are left out: they are dropped last, so that `down --expired`
    can be run again, and what a `down --unprotect` that was cut off has left stays protected.
    """
    addresses = records if target_step is None else limit.step_and_dependents(records, target_step)
    return {address: records[address] for address in addresses if address not in LAST}


def deletable(going: Mapping[str, Record]) -> dict[str, Record]:
    """Return the records whose resources `down` deletes, the last steps first.

    Retained resources are left out, and types that only AWS creates, such as container instances: their number is
    unknown until AWS is asked.
    """
    order = {step: number for number, step in enumerate(reversed(STEPS))}
    types = {address: type_of(record) for address, record in going.items()}
    deleted = [a for a, resource_type in types.items() if not (resource_type.retained or resource_type.created_by_aws)]
    return {a: going[a] for a in sorted(deleted, key=lambda a: order.get(going[a].step, -1))}


def created_by_aws(going: Mapping[str, Record]) -> bool:
    """Return whether `down` also deletes resources that only AWS creates, whose number is unknown beforehand."""
    return any(type_of(record).created_by_aws for record in going.values())


def protected(aws: Aws, records: Mapping[str, Record], addresses: Collection[str]) -> list[str]:
    """Return the addresses of the recorded resources that the state or AWS protects from deletion."""
    return protection.protected(aws.knowing(KnownResources(dict(records))), [records[address] for address in addresses])


def all_protected(aws: Aws, records: Mapping[str, Record], *, configured: bool = False) -> list[str]:
    """Return the protected resources by address, and `STACK` before them if the whole stack is protected."""
    return [*([STACK] if configured or recorded(records) else []), *protected(aws, records, records)]


def check_protection(
    aws: Aws,
    records: Mapping[str, Record],
    going: Mapping[str, Record],
    command: str = UNPROTECT,
    *,
    configured: bool = False,
) -> None:
    """Refuse to delete protected resources, a protected stack, and any part of it that holds data or serves.

    Args:
        command: the command that deletes them all the same, in backticks.
        configured: whether the configuration protects the stack, of which a state of an earlier version says nothing.

    Raises:
        Protected: the state or AWS protects one of them, or all of the stack.
        PartProtected: one of them holds data or serves, and the stack or another resource of it is protected.
    """
    found, whole = protected(aws, records, going), configured or recorded(records)
    if whole and deletable(going) and not records.keys() - going.keys() - LAST:
        raise Protected([STACK, *found], command)
    if found:
        raise Protected(found, command)
    if lost := [address for address in going if costly(records[address])]:
        others = sorted(protected(aws, records, records.keys() - going.keys()))
        if reasons := [*([SETTING] if whole else []), *others]:
            raise PartProtected(lost, reasons, command)
