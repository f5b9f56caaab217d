"""The result of a rehearsal: one run for each choice of durations, with its problems and outages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.engine.errors import SomeFailed
from provisioner.engine.planning.refusals import PlanRefused

if TYPE_CHECKING:
    from provisioner.engine.errors import ProvisionError
    from provisioner.engine.planning.actions import Planned
    from provisioner.engine.timeline import Segment
    from provisioner.operations.rehearsal.options import RehearsalOptions
    from provisioner.operations.rehearsal.outage import PredictedOutage


@dataclass(frozen=True)
class RehearsedRun:
    """One run of the command on a copy of the stack.

    Attributes:
        durations: how long the operations of AWS took: `typical`, `fast`, `slow` or `seed:NUMBER`.
        seconds: how long the run took, by the clock of the embedded cloud.
        counts: the number of resources by result.
        problems: failures and refusals; the run passes if there are none.
        refused: whether nothing was written because the plan holds a refusal.
        outages: the services that were up before the run and were down meanwhile.
        calls, writes: the number of calls that the run made, and of calls that change something.
    """

    durations: str
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    path: Sequence[Segment] = ()
    problems: Sequence[str] = ()
    refused: bool = False
    outages: Sequence[PredictedOutage] = ()
    calls: int = 0
    writes: int = 0

    @property
    def passes(self) -> bool:
        """The run had no problem."""
        return not self.problems


@dataclass(frozen=True)
class Rehearsal:
    """The result of a rehearsal.

    Attributes:
        resources: the number of resources that were copied.
        planned: the plan of `up`, in declared order.
        notes: assumptions, and resources that were not copied or came out differently.
        runs: one run for each choice of durations, the requested choice first.
    """

    request: RehearsalOptions
    stack: str
    resources: int
    planned: Sequence[Planned]
    notes: Sequence[str]
    runs: Sequence[RehearsedRun]

    @property
    def exit_code(self) -> int:
        """0 if each run passes, 1 if not."""
        return int(not all(run.passes for run in self.runs))


def problems(error: ProvisionError | None) -> list[str]:
    """Return one text for each cause that ended a run badly; none if it ended well."""
    if error is None:
        return []
    if isinstance(error, PlanRefused):
        return [reason.text for reason in error.reasons]
    if isinstance(error, SomeFailed):
        return [f"{address}: {failure}" for address, failure in error.failures.items()]
    return [str(error)]
