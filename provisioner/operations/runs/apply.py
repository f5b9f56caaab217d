"""Create and change the declared resources, and delete recorded resources that are no longer declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from provisioner.engine.errors import SomeFailed, TimedOut
from provisioner.engine.events import Emit, Notice, RunStarted
from provisioner.engine.execution.apply import Apply
from provisioner.engine.planning.actions import Planned
from provisioner.engine.planning.plan import plan
from provisioner.engine.records.references import KnownResources
from provisioner.operations.impact import duration
from provisioner.operations.impact.data_loss import guarded
from provisioner.operations.planning.aws_notices import before, notes
from provisioner.operations.planning.dry_run import answered, check_confirmed, refuse
from provisioner.operations.planning.run_scope import find_scope
from provisioner.operations.runs.summary import Remains, Summary, timed
from provisioner.operations.runs.walks import Walks
from provisioner.state.counted import counted

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack


def up(
    aws: Aws,
    store: Store,
    stack: Stack,
    emit: Emit,
    target_step: str | None = None,
    confirmed: Sequence[Planned] | None = None,
    first: Callable[[], None] = lambda: None,
    check: Callable[[Sequence[Planned]], None] = lambda planned: None,
) -> Summary:
    """Bring AWS to the declaration: create, change, and delete recorded resources that are no longer declared.

    The plan is made first: if it holds a refusal, nothing is written. Nothing is deleted or narrowed after a failure,
    since a failed resource may still use it; nor in a run limited to a step, which does not read all users.

    Args:
        target_step: bring up this step and the steps that it is built on, and no other.
        confirmed: the plan that the user agreed to: a different plan is refused. None: the user was not asked.
        first: called before the first change, to record facts that hold however the run ends.
        check: called with the plan before anything is written; raises ProvisionError to stop the run.
    """
    aws = aws.knowing(KnownResources(store.records, stack.declared))
    for text in stack.notices:
        emit(Notice(text))
    declared, orphaned = find_scope(store.records, stack, target_step)
    emit(RunStarted("up", aws.name, aws.account, aws.region, counted([*declared, *orphaned])))
    ahead = duration.for_up(declared, store.records, store.state.history)
    emit(ahead)
    limited, unprotect = target_step is not None, stack.removal.unprotect
    apply = Apply(aws, store, declared, emit, ahead.tasks, moves_traffic=True)
    walks = Walks.of(aws, store, emit, apply, orphaned, unprotect=unprotect)

    def work() -> Remains:
        found = answered(
            aws, emit, lambda: plan(aws, store.records, declared, orphaned, limited=limited, unprotect=unprotect)
        )
        planned = guarded(found, store.records, stack)
        refuse(planned, store.records, emit)
        check(planned)
        if confirmed is not None:
            check_confirmed(confirmed, planned)
        else:
            for text in before(aws, stack, planned):
                emit(Notice(text))
        first()
        try:
            walks.apply.run()
            for text in notes(aws, stack):
                emit(Notice(text))
            if target_step is None:
                walks.take_away(aws)
        except (SomeFailed, TimedOut):
            walks.tell_what_stays(emit, "an `up` succeeds")
            raise
        walks.tell_what_stays(emit, "an `up` without --target-step has seen all that may use it")
        return Remains()

    return timed(aws.pace, "up", target_step, store, work, [walk.progress for walk in walks])
