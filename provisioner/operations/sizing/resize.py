"""Carry out `scale`, `sleep` and their opposites: record the sizes, change the resources, wait for tasks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from provisioner.engine.events import RunEstimate, RunStarted
from provisioner.engine.execution.apply import Apply
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.execution.narrowing import Narrow
from provisioner.engine.records.references import KnownResources
from provisioner.operations.impact import duration
from provisioner.operations.overrides.sizes import as_records
from provisioner.operations.planning.dry_run import plan_alone, refuse
from provisioner.operations.runs.summary import Remains, Summary, timed
from provisioner.operations.runs.viewer import Ended, watched
from provisioner.operations.sizing.service_progress import find_unready
from provisioner.operations.sizing.waiting import wait
from provisioner.state.counted import counted

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes
    from provisioner.engine.declaration import Declared
    from provisioner.engine.events import Emit
    from provisioner.operations.runs.viewer import Viewer
    from provisioner.state.model import Record
    from provisioner.state.store import Store


TIMEOUT, LOOK_SECONDS = 1800.0, 5.0
"""Seconds that services may take to reach their number of tasks; seconds between two reads of them."""


Action = Callable[["Aws", "Emit"], None]
"""A part of a run that is not a declared resource."""


def nothing(aws: Aws, emit: Emit) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Sizing:
    """The changes of one run.

    Attributes:
        declared: the resources that it changes.
        holds: the sizes that hold from now on.
        released: the addresses of the records of scalings and pauses that end.
        numbers: the wanted numbers of tasks, by name of the service.
        going: the addresses of the resources that are deleted.
        parts: the records of the parts of the stack that are deleted after the last task has ended.
        changed: the resources that change before the parts are deleted.
        removed: the addresses of the resources that are deleted with the parts.
        first: called before anything is recorded.
        then: called after the changes, before the run waits for the services.
        removes: called before the parts are deleted.
        last: called at the end.
    """

    command: str
    declared: Mapping[str, Declared]
    holds: Sizes
    released: Collection[str]
    numbers: Mapping[str, range]
    going: Sequence[str] = ()
    parts: Mapping[str, Record] = field(default_factory=dict)
    changed: Mapping[str, Declared] = field(default_factory=dict)
    removed: Sequence[str] = ()
    first: Action = nothing
    then: Callable[[Aws], None] = lambda aws: None
    removes: Action = nothing
    last: Action = nothing


def run(config: Config, aws: Aws, store: Store, sizing: Sizing, viewer: Viewer) -> Ended:
    """Make the changes while the viewer watches, and return how the run ended."""
    with watched(aws, viewer) as emit:
        ended = Ended(config, aws, _summary(aws, store, sizing, emit))
        viewer.ended(ended)
    return ended


def _summary(aws: Aws, store: Store, sizing: Sizing, emit: Emit) -> Summary:
    """Record and apply the wanted sizes, delete the parts that go, and return the summary of the run.

    The sizes are recorded first: after an interruption, the same command or `up` continues with them.
    """
    declared, changed = sizing.declared, sizing.changed
    aws = aws.knowing(KnownResources(store.records, {**declared, **changed}))
    total = counted([*declared, *sizing.going, *changed, *sizing.removed])
    emit(RunStarted(sizing.command, aws.name, aws.account, aws.region, total))
    ahead = duration.for_up(declared, store.records, store.state.history)
    after = duration.for_down({a: store.records[a] for a in sizing.removed}, store.state.history)
    emit(RunEstimate({**ahead.tasks, **after.tasks}))
    apply = Apply(aws, store, declared, emit, ahead.tasks)
    destroy = Destroy(aws.exhaustive(), store, sizing.going, emit)
    leaving = Apply(aws, store, changed, emit)
    narrow = Narrow(leaving, "declared")
    # the user names the parts to delete, so protection is disabled; `wake` creates them with protection again
    removal = Destroy(aws.exhaustive(), store, sizing.removed, emit, unprotect=True, tasks=after.tasks)

    def work() -> Remains:
        refuse(plan_alone(aws, store.records, {**declared, **changed}, emit), store.records, emit)
        sizing.first(aws, emit)
        for address, record in (as_records(sizing.holds) | dict(sizing.parts)).items():
            former = store.records.get(address)
            if former is None or former.arguments != record.arguments:
                store.put(record)
        for address in sizing.released:
            if address in store.records:
                store.drop(address)
        apply.run()
        destroy.run()
        sizing.then(aws)
        unready = partial(find_unready, aws, sizing.numbers)
        wait(aws, emit, "services", unready, timeout=TIMEOUT, look_seconds=LOOK_SECONDS)
        if sizing.removed or changed:
            sizing.removes(aws, emit)
            leaving.run()
            narrow.run()
            removal.run()
        sizing.last(aws, emit)
        return Remains()

    return timed(
        aws.pace,
        sizing.command,
        None,
        store,
        work,
        [one.progress for one in (apply, destroy, leaving, narrow, removal)],
    )
