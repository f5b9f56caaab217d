"""The viewer of a run: it shows events, asks for agreement, and receives the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from provisioner.engine.planning.losses import Loss
from provisioner.engine.planning.removal import Removal
from provisioner.operations.context import graceful_stop
from provisioner.operations.planning.proposal import Proposal

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Estimate
    from provisioner.engine.events import Emit
    from provisioner.operations.impact.costs import SoFar
    from provisioner.operations.runs.summary import Summary
    from provisioner.state.model import Record


@dataclass(frozen=True)
class Teardown:
    """The plan of a `down`.

    Attributes:
        going: the records that go, by address.
        protected: the addresses of what is protected.
        lost: which data would be deleted.
        records: all that is recorded.
    """

    config: Config
    aws: Aws
    going: Mapping[str, Record]
    protected: Sequence[str] = ()
    lost: Sequence[Loss] = ()
    notes: Sequence[str] = ()
    records: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """The end of a run, as its viewer is told.

    Attributes:
        cost: what the stack costs from now on; only of an `up` that went well.
        spent: what it has cost; only of a `down` that has deleted all of it.
        proposal: what it was to do; None of a run that has no plan, or of which it was refused.
    """

    config: Config
    aws: Aws
    outcome: Summary
    removal: Removal = field(default_factory=Removal)
    cost: Estimate | None = None
    spent: SoFar | None = None
    proposal: Proposal | None = None


class Viewer(Protocol):
    """A viewer of a run: it shows the events, and agrees to the plan."""

    def agree(self, proposal: Proposal) -> None:
        """Return if `up` on AWS may do this; raise `Cancelled` otherwise. Called only where `--yes` was not given."""

    def agree_to_delete(self, teardown: Teardown) -> None:
        """Return if `down` may do this; raise `Cancelled` otherwise."""

    def watching(self, clock: Callable[[], float]) -> AbstractContextManager[Emit]:
        """Return a context manager whose value takes the events of the run; `clock` is the run's clock."""

    def ended(self, ended: Ended) -> None:
        """Take note of how a run ended, while it is watched still and before the state is closed."""


@contextmanager
def watched(aws: Aws, viewer: Viewer) -> Iterator[Emit]:
    """Show the events of a run while the context lasts; the first signal ends it in good order."""
    with viewer.watching(aws.pace.now) as emit, graceful_stop.interruptible(aws.pace, emit):
        yield emit
