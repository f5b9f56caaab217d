"""Common parts of `Apply` and `Destroy`: the state's interface, refusals as waits, counts of results, timing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from provisioner.engine.errors import Interrupted, OutcomeUnknown
from provisioner.engine.events import Emit, ResourceDone, ResourceStarted, ResourceWaiting, Result
from provisioner.engine.resource import Observed, Resource
from provisioner.engine.scheduling.pools import pool
from provisioner.engine.scheduling.scheduler import Until, Wait
from provisioner.engine.timeline import Moments, spans
from provisioner.engine.words import Action

if TYPE_CHECKING:
    from provisioner.engine.ports import ErrorCategory, Provider
    from provisioner.state.model import Record, Span


class RecordStore(Protocol):
    """An open state: changes by `put` and `drop` are durable when these return."""

    @property
    def records(self) -> Mapping[str, Record]:
        """The records by address."""

    def put(self, record: Record) -> Record:
        """Make a record durable."""

    def drop(self, address: str) -> None:
        """Make it durable that an address is gone."""

    def check_lock(self) -> None:
        """Raise an error if another command has taken the state over."""

    def age(self, address: str = "") -> float:
        """Return the seconds since this run wrote a record; of a record it did not write, since it opened the state."""


LOOKUP_TIMEOUT = 300.0
"""Seconds during which a write that got no usable answer is looked up and repeated."""


@dataclass
class RunProgress:
    """Reports the events of each resource, and keeps its times and its result."""

    emit: Emit
    steps: Mapping[str, str]
    clock: Callable[[], float]
    results: dict[str, Result] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)

    def started(self, address: str, action: Action) -> None:
        """Report that a resource is being written to."""
        self._started.setdefault(address, self.clock())
        self.emit(ResourceStarted(address, self.steps.get(address, ""), action))

    def waits(self, address: str, result: Result, why: str) -> None:
        """Report that a resource's changes so far are made, and the reason why the rest waits."""
        self.results[address] = result
        now = self.clock()
        seconds = round(now - self._started.get(address, now), 2)
        self.emit(ResourceWaiting(address, self.steps.get(address, ""), why, seconds))

    def done(self, address: str, result: Result, id: str | None = None, why: str = "") -> None:
        """Report that a resource is finished, and the reason if it is kept."""
        self.results[address] = result
        now = self.clock()
        seconds = round(now - self._started.get(address, now), 2)
        self.emit(ResourceDone(address, self.steps.get(address, ""), result, seconds, id, why))

    @property
    def counts(self) -> Counter[str]:
        """The number of resources by result."""
        return Counter(self.results.values())

    def timeline(self, start: float) -> list[Span]:
        """Return the timeline of a run that began then on the monotonic clock."""
        return spans(self.moments, self.steps, self.results, start)


def act_or_wait(
    aws: Provider,
    resource_type: type[Resource],
    act: Callable[[], Wait | None],
    categories: Callable[[], Sequence[ErrorCategory]] = lambda: ("in_use",),
    blockers: Callable[[], str] = str,
    ids: Callable[[], Collection[str]] = tuple,
) -> Wait | None:
    """Act; turn a temporary refusal into a wait, and any other into one clear message.

    Args:
        categories: returns the kinds of refusals that pass by themselves; called after a refusal.
        ids: returns the resources of the refused call; called after a refusal; empty if it may concern any resource.

    Raises:
        ApiError: AWS refused the call for good.
    """
    try:
        return act()
    except OutcomeUnknown as unclear:
        aws.mark_stale(resource_type, ids())
        return Wait(f"checking again: {unclear}", LOOKUP_TIMEOUT, Until.ACCEPTED, retry=True)
    except Exception as error:
        # the refused call, or an earlier one, may have changed the resources in this run's lists
        aws.mark_stale(resource_type, ids())
        row = aws.errors.match(error, resource_type.service, *categories())
        if row is None and aws.errors.out_of_reach(error):
            return Wait(f"waiting for AWS to respond ({error})", LOOKUP_TIMEOUT, Until.ANSWERED, retry=True)
        if row is None:
            raise aws.errors.explained(error) from error
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        named, refusal = blockers(), aws.errors.explained(error)
        why = f"{row.meaning} ({code}{': ' + named if named else ''})"
        known = blockers if named else lambda: str(refusal)
        return Wait(why, row.timeout, Until.ACCEPTED, retry=True, about=row.meaning, blockers=known)


def ask_or_empty(ask: Callable[[], str]) -> str:
    """Return the answer to a question of display only; empty if asking fails, so that the rest is still shown."""
    try:
        return ask()
    except Interrupted:
        raise
    except Exception:  # noqa: BLE001 (the resource may just have gone, AWS may not answer, or answer with nothing)
        return ""


def refresh(aws: Provider, resource_type: type[Resource], observed: Sequence[Observed]) -> Wait | None:
    """Read a type anew, at least these resources of it; return a temporary refusal as a wait.

    Args:
        observed: the resources to look at. If one has no id, the whole type is read.

    Raises:
        ApiError: the read was refused for good.
    """
    found = {live.id for live in observed}
    ids = found if all(found) else ()

    def read() -> None:
        aws.live(resource_type, fresh=True, only=ids)

    problem = act_or_wait(aws, resource_type, read, ids=lambda: ids)
    return replace(problem, retry=False) if problem else None


def prefetch(aws: Provider, resource_types: Iterable[type[Resource]]) -> None:
    """Read all resource types in bulk, concurrently, so that finding a resource later needs no call.

    A read that fails stops nothing here: it fails again for the resources of that type, and only for them. Types that
    AWS creates by itself are read when their turn comes.
    """
    # one thread a resource type: many of them wait for another's list
    resource_types = list(dict.fromkeys(resource_types))
    sharing = aws.sharing_reads()
    with pool(aws.pace, len(resource_types) or 1) as threads:
        for resource_type in resource_types:
            if not resource_type.created_by_aws:
                threads.submit(sharing.live, resource_type)
