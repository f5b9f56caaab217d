"""The work of `provision up`: bring everything to what is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from provisioner.engine.declaration import reachable
from provisioner.engine.errors import SomeFailed, TimedOut
from provisioner.engine.events import Emit, Notice, ResourceWaiting, RunStarted
from provisioner.engine.execution.apply import Apply
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.execution.narrowing import Narrow
from provisioner.engine.planning.actions import Planned
from provisioner.engine.planning.plan import plan
from provisioner.engine.records.consistency import dependents, type_of
from provisioner.engine.records.references import KnownResources
from provisioner.engine.traits import Leads, Runs
from provisioner.engine.words import names
from provisioner.operations.impact import duration
from provisioner.operations.impact.data_loss import guarded
from provisioner.operations.planning.declaration import scope
from provisioner.operations.planning.dry_run import answered, check_confirmed, notes, refuse, snapshots
from provisioner.operations.runs.summary import Remains, Summary, timed
from provisioner.state.counted import counted

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record
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
    """Bring everything to what is declared, and remove what is recorded but no longer declared.

    What `plan` says is computed first: if anything of it would be refused, nothing is written. Nothing is taken away
    when something failed, since it may still be in use; nor when the run is limited, which does not see who uses it.

    Args:
        target_step: the step to bring up, with all the steps that it is built on, and no other.
        confirmed: the plan that the user agreed to, if one was asked: nothing else is done.
        first: records what is to be known however the run ends, once nothing is refused.
        check: is handed the plan before anything is written, and raises ProvisionError if that may not be done.
    """
    aws = aws.knowing(KnownResources(store.records, stack.declared))
    for text in stack.notices:
        emit(Notice(text))
    declared, orphaned = scope(store.records, stack, target_step)
    emit(RunStarted("up", aws.name, aws.account, aws.region, counted([*declared, *orphaned])))
    ahead = duration.for_up(declared, store.records, store.state.history)
    emit(ahead)
    limited, unprotect = target_step is not None, stack.removal.unprotect
    walks = _Walks.of(aws, store, emit, Apply(aws, store, declared, emit, ahead.tasks), orphaned, unprotect=unprotect)

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
            for text in snapshots(aws, planned):
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


STOPPING_TIMEOUT = 1200.0
LOOK_SECONDS = 5.0
"""Seconds that tasks may take to stop, drained before, and between two looks at them."""


class _Walks(NamedTuple):
    """The walks of one `up`, in their order (`engine/parts.py`)."""

    apply: Apply
    shift: Narrow
    divert: Destroy
    drain: Destroy
    narrow: Narrow
    destroy: Destroy

    @classmethod
    def of(
        cls, aws: Aws, store: Store, emit: Emit, apply: Apply, orphaned: Sequence[str], *, unprotect: bool
    ) -> _Walks:
        leading = [address for address in orphaned if issubclass(type_of(store.records[address]), Leads)]
        running = [address for address in running_orphans(store.records, orphaned) if address not in leading]
        divert, drain, destroy = (
            Destroy(aws.exhaustive(), store, some, emit, unprotect=unprotect)
            for some in (leading, running, set(orphaned) - {*leading, *running})
        )
        return cls(apply, Narrow(apply, "shifted"), divert, drain, Narrow(apply, "declared"), destroy)

    def take_away(self, aws: Aws) -> None:
        """Move the traffic, and delete and narrow what nothing uses any more."""
        self.shift.run()
        going = [record for walk in (self.divert, self.drain, self.destroy) for record in walk.records.values()]
        for resource_type in dict.fromkeys(map(type_of, going)):
            # what an interrupted teardown left half deleted is found as well
            aws.mark_stale(resource_type)
        self.divert.run()
        self.drain.run()
        if self.apply.wider:
            self._wait_until_stopped(aws)
        self.narrow.run()
        self.destroy.run()

    def _wait_until_stopped(self, aws: Aws) -> None:
        """Wait until what is being stopped has stopped: it works with the former settings to its end.

        Raises:
            TimedOut: it has not for long.
        """
        began, address = aws.pace.now(), next(iter(self.apply.wider))
        types = {type(one.resource) for one in self.apply.declared.values()}
        running = [one for one in types if issubclass(one, Runs)]
        while left := next(filter(None, (resource_type.winding_down(aws) for resource_type in running)), ""):
            seconds = aws.pace.now() - began
            if seconds > STOPPING_TIMEOUT:
                raise TimedOut(
                    f"timed out after {seconds:.0f} s: {left}. Run the same command again to continue waiting"
                )
            step = self.apply.declared[address].step
            self.apply.progress.emit(
                ResourceWaiting(address, step, f"its former part is in use: {left}", round(seconds, 1))
            )
            aws.pace.sleep(LOOK_SECONDS)

    def tell_what_stays(self, emit: Emit, until: str) -> None:
        """Say what is still wider than declared, and until when."""
        if wider := list(self.apply.wider):
            emit(Notice(f"kept, since it may be in use, until {until}: the former part of {names(wider)}"))


def running_orphans(records: Mapping[str, Record], orphaned: Sequence[str]) -> list[str]:
    """Return those orphaned resources in which something runs, and what is built on them.

    They are deleted before anything is taken away that they use.
    """
    built = dependents({address: records[address] for address in orphaned})
    running = [address for address in orphaned if issubclass(type_of(records[address]), Runs)]
    return list(dict.fromkeys(user for address in running for user in reachable(address, built.__getitem__)))
