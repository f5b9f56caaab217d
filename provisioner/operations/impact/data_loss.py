"""Data and services that a run deletes for good, data that it keeps, and the refusals of a protected stack."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.config.records import PROTECTED
from provisioner.engine.execution.destroy import is_foreign
from provisioner.engine.planning.actions import Planned
from provisioner.engine.planning.losses import Loss, data_of, losses
from provisioner.engine.planning.refusals import told
from provisioner.engine.planning.removal import Removal, kept
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import type_named
from provisioner.engine.scheduling.progress import ask_or_empty
from provisioner.operations.impact import costs
from provisioner.resources.ecs.service import Service
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.single import SingleDbInstance

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.aws.client import Aws
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack

CommandLine = Callable[..., str]
"""Returns the command line that runs another command on the same stack, from its name and its own options."""
_DATABASES = (DbCluster.type_name, SingleDbInstance.type_name)


def costly(record: Record) -> str:
    """Return the data or the service that a protected stack would lose with a record; empty if none."""
    return f"the service {record.address.partition('/')[2]}" if record.type == Service.type_name else data_of(record)


def is_protected(records: Mapping[str, Record], stack: Stack) -> bool:
    """Return whether the stack is protected, by its configuration or still by its records until the next `up`."""
    recorded = (records[address] for address in stack.declared if address in records)
    by_type = any((type_named(record.type) or Resource).protected(record.arguments) for record in recorded)
    return stack.config.protect or by_type or any(record.type == PROTECTED for record in records.values())


def guarded(planned: Sequence[Planned], records: Mapping[str, Record], stack: Stack) -> list[Planned]:
    """Return the plan in which a protected stack refuses to lose data or services, unless the user lets them go."""
    if stack.removal.unprotect or not is_protected(records, stack):
        return list(planned)
    return [
        replace(item, action="refused", why=_refusal(what))
        if item.action == "delete" and (what := costly(records[item.address]))
        else item
        for item in planned
    ]


def _refusal(what: str) -> str:
    return (
        f"the stack is protected, and {what} would be deleted. Declare it again, or add --unprotect to delete it anyway"
    )


def lost(aws: Aws, planned: Sequence[Planned], records: Mapping[str, Record]) -> list[Loss]:
    """Return the data that `up` deletes, with its amount if a few reads tell it."""
    return lost_of(aws, [records[item.address] for item in planned if item.action == "delete"], records)


def lost_of(aws: Aws, going: Collection[Record], records: Mapping[str, Record], *, amounts: bool = True) -> list[Loss]:
    """Return the data that is deleted with recorded resources; foreign resources are not deleted, so they lose none.

    Args:
        records: all that is recorded.
        amounts: whether to say how much it is, where a few reads tell.
    """
    looking = aws.knowing(KnownResources(dict(records)))
    ours = [record for record in going if data_of(record) and not is_foreign(looking, record)]
    return counted(aws, ours) if amounts else losses(ours)


def counted(aws: Aws, going: Collection[Record]) -> list[Loss]:
    """Return the data that is deleted with recorded resources, with its amount if a few reads tell it."""
    return [replace(one, amount=_amount(aws, one, going)) for one in losses(going)]


def _amount(aws: Aws, one: Loss, going: Collection[Record]) -> str:
    of = [record for record in going if record.address in one.addresses]
    resource_type = type_named(of[0].type) or Resource
    ids = [record.id for record in of if record.id]
    return ask_or_empty(lambda: resource_type.amount(aws, ids)) if ids else ""


def retained(records: Mapping[str, Record], stack: Stack) -> list[str]:
    """Return the addresses of resources that are no longer declared, and that `up` keeps because they hold data."""
    return [a for a in kept(records, stack.declared, stack.removal) if data_of(records[a])]


def note(records: Mapping[str, Record], stack: Stack, command_line: CommandLine, directory: Path) -> list[str]:
    """Return notes on kept resources that are no longer declared: their cost, and the command that deletes them.

    Args:
        directory: the state directory.
    """
    staying, unprotect = retained(records, stack), is_protected(records, stack)
    clusters = [address for address in staying if records[address].type in _DATABASES]
    # with their password, which is of no use to other resources
    below = {one for address in clusters for one in records[address].dependencies}
    databases = [address for address in staying if address in clusters or address in below]
    others = [address for address in staying if address not in databases]
    instances = [a for a in kept(records, stack.declared, stack.removal) if records[a].type == DbInstance.type_name]

    def priced(addresses: Collection[str]) -> str:
        found = costs.of_records({a: records[a] for a in addresses}, stack.config.region, directory)
        dollars = round(found.sums.usual)
        return f", for about {dollars} USD a month" if dollars else ""

    notes = []
    if others:
        what = ", ".join(told(loss) for loss in losses(records[address] for address in others))
        command = command_line("up", *Removal(frozenset(others), unprotect=unprotect).words)
        cost = priced(others)
        notes.append(f"no longer declared, and kept because of the data{cost}: {what}. To delete it, run {command}")
    if databases:
        command = command_line("up", *Removal(frozenset(databases), unprotect=unprotect).words)
        cost = priced([*databases, *instances])
        notes.append(
            f"the database is not in this file any more, and holds data, so it is kept with all that it stands on "
            f"({', '.join(clusters)}){cost}: add [database] again, or run {command}"
        )
    return notes
