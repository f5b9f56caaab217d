"""The engine's interface to AWS: a run's reads, notes of its writes, and the meaning of errors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from provisioner.engine.clock import Pace
    from provisioner.engine.resource import Observed, Resource

T = TypeVar("T")
R = TypeVar("R")

ErrorCategory = Literal["not_found", "in_use", "not_yet_consistent"]


@dataclass(frozen=True)
class Row:
    """One refusal.

    Attributes:
        category: `not_found`: the resource is not there; `in_use`: something still uses it or works on it;
            `not_yet_consistent`: it refers to a new resource that is not known everywhere yet.
        code: AWS's `Error.Code`, whole, as a regular expression.
        message: a regular expression that the message must contain.
        timeout: seconds to go on trying.
        meaning: one phrase for the user.
        source: where the behaviour is documented or was seen.
        operation: a regular expression for the names of its operations; empty: all.
        service: boto3's name of the service, which its `Api` adds; `*` for any.
    """

    category: ErrorCategory
    code: str
    message: str = ""
    timeout: float = 120
    meaning: str = ""
    source: str = ""
    operation: str = ""
    service: str = "*"


class Errors(Protocol):
    """The meaning of the errors of a provider's calls."""

    def match(self, error: BaseException, service: str, *categories: ErrorCategory) -> Row | None:
        """Return the row that matches an error, of one of these categories; None if none does."""

    def not_found(self, error: BaseException, service: str) -> bool:
        """Return whether an error means that there is no such resource."""

    def refused_write(self, error: Any) -> bool:
        """Return whether a write was refused, and so had no effect."""

    def out_of_reach(self, error: Exception) -> bool:
        """Return whether a call failed after all retries because AWS did not answer or was overloaded."""

    def explained(self, error: Exception) -> Exception:
        """Return the error in words for the user."""


class Provider(Protocol):
    """A run's access to AWS. It is immutable: `reading()` and the like return a changed copy."""

    @property
    def pace(self) -> Pace:
        """The clock of the run."""

    @property
    def errors(self) -> Errors:
        """The meaning of this provider's errors."""

    def reading(self) -> Self:
        """Return a copy that refuses every operation that is not a read."""

    def observing(self, observed: Mapping[str, Observed]) -> Self:
        """Return a copy for a run that notes the resources it finds in `observed`, by address."""

    def reporting(
        self, queued: Callable[[str, str, str], None], report_progress: Callable[[str, str], None] = ...
    ) -> Self:
        """Return a copy for a run that reports queued calls and the progress of long ones."""

    def fenced(self, check: Callable[[], None]) -> Self:
        """Return a copy that calls `check` before each attempt of a write; an error of `check` prevents the write."""

    def sharing_reads(self) -> Self:
        """Return a copy that makes the same read only once."""

    def acting(self, address: str) -> AbstractContextManager[None]:
        """Attribute this thread's calls to an address while the context lasts."""

    def each(self, read: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return the result of a read for each item, made for all of them at once."""

    def known(self, resource_type: type[Resource]) -> Sequence[Mapping[str, Any]]:
        """Return the fields of a type's declared or recorded resources."""

    def live(
        self, resource_type: type[Resource], *, fresh: bool = False, deep: bool = False, only: Collection[str] = ()
    ) -> list[Observed]:
        """Return all resources of a type, read in bulk once a run, or again when `fresh`."""

    def mark_stale(self, resource_type: type[Resource], only: Collection[str] = ()) -> None:
        """Drop the reads of a type, or only of these ids."""

    def drop_reads(self) -> None:
        """Drop all reads."""

    def note_written(self, resource_type: type[Resource], live: Observed) -> None:
        """Note a resource that this run created or changed."""

    def note_deleted(self, resource_type: type[Resource], id: str) -> None:
        """Note that this run deleted a resource."""

    def tag(self, resource_type: type[Resource], live: Observed, address: str) -> None:
        """Set a resource's tags to this stack and this address."""
