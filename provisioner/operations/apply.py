"""The work of `provision up`: bring everything to what is declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.engine.apply import Apply
from provisioner.engine.destroy import Destroy, type_of
from provisioner.engine.events import Emit, Notice, RunStarted
from provisioner.engine.known import KnownResources
from provisioner.engine.plan import plan
from provisioner.engine.planned import Planned
from provisioner.operations import estimates
from provisioner.operations.declaring import scope
from provisioner.operations.planning import answered, check_confirmed, notes, refuse
from provisioner.operations.summary import Remains, Summary, timed

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from state.store import Store
    from steps.stack import Stack


def up(
    aws: Aws,
    store: Store,
    stack: Stack,
    emit: Emit,
    target_step: str | None = None,
    confirmed: Sequence[Planned] | None = None,
) -> Summary:
    """Bring everything to what is declared, and remove what is recorded but no longer declared.

    What `plan` says is computed first: if anything of it would be refused, nothing is written. Nothing is removed when
    something failed, since what is missing may still be needed; nor when the run is limited.

    Args:
        target_step: the step to bring up, with all the steps that it is built on, and no other.
        confirmed: the plan that the user agreed to, if one was asked: nothing else is done.
    """
    aws = aws.knowing(KnownResources(store.records, stack.declared))
    for text in stack.notices:
        emit(Notice(text))
    declared, orphaned = scope(store.records, stack, target_step)
    emit(RunStarted("up", aws.name, aws.account, aws.region, len(declared) + len(orphaned)))
    ahead = estimates.for_up(declared, store.records, store.state.history)
    emit(ahead)
    apply = Apply(aws, store, declared, emit, ahead.tasks)
    destroy = Destroy(aws.exhaustive(), store, orphaned, emit)

    def work() -> Remains:
        planned = answered(aws, emit, lambda: plan(aws, store.records, declared, orphaned))
        refuse(planned, store.records, emit)
        if confirmed is not None:
            check_confirmed(confirmed, planned)
        apply.run()
        for text in notes(aws, stack):
            emit(Notice(text))
        for resource_type in dict.fromkeys(map(type_of, destroy.records.values())):
            # what an interrupted teardown left half deleted is found as well
            aws.mark_stale(resource_type)
        destroy.run()
        return Remains()

    return timed(aws.pace, "up", target_step, store, work, (apply.progress, destroy.progress))
