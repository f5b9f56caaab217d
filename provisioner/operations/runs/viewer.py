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
        going: the records to remove, by address.
        protected: the addresses of protected resources; before them `STACK`, if the whole stack is protected.
        lost: the data that would be deleted.
        records: all records of the stack.
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
    """The end of a run, for its viewer.

    Attributes:
        cost: the estimated costs of the stack from now on; only after a successful `up`.
        spent: the costs since its creation; only after a `down` that deleted all of it.
        proposal: the plan of the run; None without a plan, or if the plan was refused.
        records: the state's records, after `up`.
    """

    config: Config
    aws: Aws
    outcome: Summary
    removal: Removal = field(default_factory=Removal)
    cost: Estimate | None = None
    spent: SoFar | None = None
    proposal: Proposal | None = None
    records: Mapping[str, Record] = field(default_factory=dict)


class Viewer(Protocol):
    """A viewer of a run: it shows the events, and agrees to the plan."""

    def agree(self, proposal: Proposal) -> None:
        """Return if `up` on AWS may do this; raise `Cancelled` otherwise. Called only where `--yes` was not given."""

    def agree_to_delete(self, teardown: Teardown) -> None:
        """Return if `down` may do this; raise `Cancelled` otherwise."""

    def watching(self, clock: Callable[[], float]) -> AbstractContextManager[Emit]:
        """Return a context manager whose value takes the events of the run; `clock` is the run's clock."""

    def ended(self, ended: Ended) -> None:
        """Take the outcome of a run, while the viewer still watches and before the state is closed."""


@contextmanager
def watched(aws: Aws, viewer: Viewer) -> Iterator[Emit]:
    """Show the events of a run while the context lasts; the first signal ends it in good order."""
    with viewer.watching(aws.pace.now) as emit, graceful_stop.interruptible(aws.pace, emit):
        yield emit
