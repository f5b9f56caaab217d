"""Declare the configured stack on its copy, and plan an `up` there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted, ProvisionError
from provisioner.engine.planning import removal
from provisioner.engine.planning.plan import plan
from provisioner.engine.records.references import KnownResources
from provisioner.operations.context import signals
from provisioner.operations.overrides import private_names
from provisioner.operations.planning import request_checks, run_scope, step_run
from provisioner.operations.prerequisites import preflight
from provisioner.operations.rehearsal import secrets, snapshots

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.rehearsal.options import RehearsalOptions
    from provisioner.operations.rehearsal.stack_copy import StackCopy
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack


def plan_on_copy(copy: StackCopy, request: RehearsalOptions) -> list[Planned]:
    """Note how the copy differs from the records, and return the plan of `up`.

    The plan is empty if it cannot be made: the rehearsed run then reports the reason.
    """
    with copy.temporary.connected() as aws, copy.temporary.state(aws, "rehearse") as store:
        reading, records = replace(aws.reading(), new_ami=request.new_ami), store.records
        try:
            stack = declare_on_copy(copy, reading, store, request) if request.command == "up" else None
            # both plans share the reads
            wanted = {**copy.declared, **(stack.declared if stack else {})}
            reading = reading.knowing(KnownResources(records, wanted))
            _note_differences(copy, plan(reading, records, copy.declared, ()))
            if stack is None:
                return []
            declared, orphaned = run_scope.find_scope(records, stack, request.target_step)
            return plan(reading, records, declared, orphaned, limited=request.target_step is not None)
        except Interrupted:
            raise
        except ProvisionError:
            return []


def declare_on_copy(copy: StackCopy, aws: Aws, store: Store, request: RehearsalOptions) -> Stack:
    """Return the configured stack, declared with the facts of the real target where they matter."""
    config, _ = private_names.kept(copy.temporary.config, store.records)
    config, assumed = snapshots.without(config, store.records)
    copy.notes += [text for text in assumed if text not in copy.notes]
    with signals.at_once():
        facts = preflight.gather(aws, config, copy.temporary.options.file, store.records.values())
        if copy.config.target == "aws":
            facts = replace(facts, allow=preflight.allowed(copy.config))
    facts = secrets.as_recorded(facts, store.records, config)
    if any(facts.secrets):
        copy.notes.append(f"assumed: {secrets.UNCHANGED}")
    if copy.builds:
        facts = replace(facts, engine=True, local=copy.config.target == "local")
    stack = step_run.declare(config, facts)
    stack.removal = request_checks.check_removal(request.delete, request.unprotect, request.target_step)
    stack.notices += removal.check(store.records, stack.declared, stack.removal)
    return stack


def _note_differences(copy: StackCopy, planned: Sequence[Planned]) -> None:
    differing = [one for one in planned if one.action != "none"] if copy.complete else []
    copy.notes += [f"the copy differs: {_difference(one)}" for one in differing]


def _difference(one: Planned) -> str:
    if one.action == "refused":
        return f"{one.address}: {one.why}"
    what = f" ({', '.join(one.changes)})" if one.changes and one.action == "change" else ""
    return f"{one.address} would be {'adopted' if one.action == 'adopt' else f'{one.action}d'}{what}"
