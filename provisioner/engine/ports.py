"""What the engine asks of whoever hands it the resources: reads of a run, notes of what it did, what errors mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from provisioner.engine.clock import Pace
    from provisioner.engine.resource import Observed, Resource

T = TypeVar("T")
R = TypeVar("R")

Verdict = Literal["not_found", "in_use", "not_yet_consistent"]


@dataclass(frozen=True)
class Row:
    """One refusal.

    Attributes:
        verdict: `not_found`: the resource is not there; `in_use`: something still uses it or works on it;
            `not_yet_consistent`: what it refers to was made moments ago and is not known everywhere yet.
        service: boto3's name of the service, or `*`.
        code: AWS's `Error.Code`, whole, as a regular expression.
        message: a regular expression that the message must contain.
        timeout: seconds to go on trying.
        meaning: one phrase for the user.
        source: where the behaviour is documented or was seen.
    """

    verdict: Verdict
    service: str
    code: str
    message: str = ""
    timeout: float = 120
    meaning: str = ""
    source: str = ""


class Errors(Protocol):
    """What the errors of its calls mean."""

    def match(self, error: BaseException, service: str, *verdicts: Verdict) -> Row | None:
        """Return what a refusal means, if it is one of these sorts."""

    def not_found(self, error: BaseException, service: str) -> bool:
        """Say whether an error means that there is no such resource."""

    def server_error(self, error: Any) -> bool:
        """Say whether an error is the server's own, so that the call may have had its effect."""

    def out_of_reach(self, error: Exception) -> bool:
        """Say whether a call failed, after all retries, for no reason of its own."""

    def explained(self, error: Exception) -> Exception:
        """Return the error in words for the user."""


class Provider(Protocol):
    """The way to the cloud, for one run.

    Attributes:
        pace: the clock of the run.
        errors: what errors mean.
        known: for a type of resource, the fields of what is declared or recorded.
        settled: the recorded fields of what is ready.
        observed: what this run has found so far, by address.
        report_progress: tells the user how far the work on an address is.
        queued: tells that a call for an address waits for its turn at the rate of a service.
        include_unrecorded: whether lists look also for what is neither declared nor recorded.
    """

    pace: Pace
    errors: Errors
    known: Callable[[type[Resource]], Sequence[Mapping[str, Any]]]
    settled: Callable[[type[Resource]], Sequence[Mapping[str, Any]]]
    observed: Mapping[str, Observed]
    report_progress: Callable[[str, str], None]
    queued: Callable[[str, str], None]
    include_unrecorded: bool

    def reads(self, operation: str) -> bool:
        """Say whether an operation changes nothing."""

    def only_reads(self) -> AbstractContextManager[None]:
        """While the context lasts, every operation that is not a read is refused."""

    def acting(self, address: str) -> AbstractContextManager[None]:
        """While the context lasts, this thread's calls are for that address."""

    def share_reads(self) -> AbstractContextManager[None]:
        """While the context lasts, the same read is made once, whoever asks."""

    def each(self, read: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return what a read says of each item, asked for all of them at once."""

    def live(
        self, resource_type: type[Resource], *, fresh: bool = False, deep: bool = False, only: Collection[str] = ()
    ) -> list[Observed]:
        """Return all resources of a type, read in bulk once a run, or again when `fresh`."""

    def mark_stale(self, resource_type: type[Resource], only: Collection[str] = ()) -> None:
        """Drop what is known of a type, or only of what has these ids."""

    def drop_reads(self) -> None:
        """Drop all that was read."""

    def note_written(self, resource_type: type[Resource], live: Observed) -> None:
        """Note a resource that this run created or changed."""

    def note_deleted(self, resource_type: type[Resource], id: str) -> None:
        """Note that this run deleted a resource."""

    def tag(self, resource_type: type[Resource], live: Observed, address: str) -> None:
        """Make a resource's tags say that it is this stack's, under this address."""
