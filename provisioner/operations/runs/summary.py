"""The outcome of a run, and its entry in the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import explained
from provisioner.engine.clock import Pace
from provisioner.engine.errors import Interrupted, ProvisionError
from provisioner.engine.execution.leftovers import Leftover
from provisioner.engine.scheduling.progress import RunProgress
from provisioner.engine.timeline import Segment, continued, critical_path
from provisioner.operations.impact.hourly_charges import billed as costing
from provisioner.state.counted import is_counted
from provisioner.state.model import Record, Run, Span

if TYPE_CHECKING:
    from provisioner.state.store import Store


@dataclass(frozen=True)
class Summary:
    """The outcome of a run.

    Attributes:
        counts: the number of resources by result (`events.Result`).
        seconds: how long the run took.
        leftovers: resources that `down` still found at the end.
        error: the error that stopped the run, or some of its resources.
        target_step: the step that the run was limited to.
        snapshots: final snapshots of the database that `down` leaves on purpose, of this run and of earlier ones.
        path: the chain of resources that determined the duration.
        unfinished: the records of the run's resources that exist, or may exist, and are not ready.
        billed: the addresses of resources that AWS still charges by the hour.
        secrets: the names of the secrets that users have set, which `down` leaves on purpose as well.
    """

    command: str
    counts: Mapping[str, int]
    seconds: float
    leftovers: Sequence[Leftover] = ()
    error: ProvisionError | None = None
    target_step: str | None = None
    snapshots: Sequence[Leftover] = ()
    path: Sequence[Segment] = ()
    unfinished: Sequence[Record] = ()
    billed: Sequence[str] = ()
    secrets: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        """The run had no error, and left nothing over."""
        return self.error is None and not self.leftovers

    @property
    def exit_code(self) -> int:
        """The exit code for this outcome."""
        return self.error.exit_code if self.error else int(bool(self.leftovers))


@dataclass(frozen=True)
class Remains:
    """Resources that remain after the work, wanted and unwanted."""

    leftovers: Sequence[Leftover] = ()
    snapshots: Sequence[Leftover] = ()
    secrets: Sequence[str] = ()


def timed(
    pace: Pace,
    command: str,
    target_step: str | None,
    store: Store,
    work: Callable[[], Remains],
    walks: Sequence[RunProgress],
) -> Summary:
    """Run the work, and record its outcome and its timeline in the history."""
    began, started, error, found = pace.time(), pace.now(), None, Remains()
    try:
        found = work()
    except ProvisionError as stopped:
        error = stopped
    except (BotoCoreError, ClientError) as refused:
        error = cast("ProvisionError", explained(refused))
    seconds, timeline = round(pace.now() - started, 2), list[Span]()
    # a resource that is changed in parts is in several walks, and its last result counts
    results: dict[str, str] = {address: result for walk in walks for address, result in walk.results.items()}
    counts = dict(Counter(result for address, result in results.items() if is_counted(address)))
    for walk in walks:
        timeline = continued(timeline, walk.timeline(started))
    path = critical_path(timeline, seconds)
    about = {address for walk in walks for address in walk.steps}
    unfinished = [record for address, record in store.records.items() if address in about and record.phase != "ready"]
    billed = costing(store.records.values())
    summary = Summary(
        command,
        counts,
        seconds,
        found.leftovers,
        error,
        target_step,
        found.snapshots,
        path,
        unfinished,
        billed,
        found.secrets,
    )
    result = "interrupted" if isinstance(error, Interrupted) else "ok" if summary.ok else "failed"
    store.finish(Run(command, began, summary.seconds, result, counts, timeline))
    return summary
