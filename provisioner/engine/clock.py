"""The engine's time: AWS's seconds, by the machine's clock or by that of a rehearsal."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from provisioner.engine.errors import Interrupted
from provisioner.state.runtime import MACHINE, Event, Runtime

T = TypeVar("T")

LISTED_WITHIN = 30.0
"""Seconds during which a fresh resource may be missing from AWS's lists (EC2 documents eventual consistency)."""


def since(moment: datetime | None) -> str:
    """Return ` since 12:03:10 UTC`, to be put behind a condition, or nothing if AWS does not say when."""
    return f" since {moment.astimezone(UTC):%H:%M:%S} UTC" if moment else ""


def at(moment: datetime) -> str:
    """Return ` at 12:03:10 UTC`, to be put behind an event."""
    return f" at {moment.astimezone(UTC):%H:%M:%S} UTC"


@dataclass
class Pace:
    """The clock of a run. All seconds that go in and come out are AWS's.

    Attributes:
        runtime: the clocks and threads below it.
        scale: the runtime's seconds in one of AWS's: other than 1 only at an endpoint that stands in for AWS.
        stop: set when the user asks the run to end: calls under way, and the reads that belong to them, come to an end.
        leaving: set when the command leaves at once, with nothing under way but reads: no more are made.
    """

    runtime: Runtime = MACHINE
    scale: float = 1.0
    stop: Event = field(init=False)
    leaving: Event = field(init=False)

    def __post_init__(self) -> None:
        self.stop, self.leaving = self.runtime.event(), self.runtime.event()

    def now(self) -> float:
        """Return monotonic seconds."""
        return self.runtime.now() / self.scale

    def time(self) -> float:
        """Return the seconds since the epoch, as records keep them."""
        return self.runtime.time()

    def young(self, age: float, listed_within: float = LISTED_WITHIN) -> bool:
        """Return whether something was written so lately that a list may not show it yet.

        Args:
            age: the seconds of the runtime's clock since then. The age of an earlier run's write is unknown: it is old
                once this run has lasted for long enough by itself.
            listed_within: the seconds for which a list may not show it.
        """
        return age < listed_within * self.scale

    def check(self) -> None:
        """Raise `Interrupted` if the user asked the run to end."""
        if self.stop.is_set():
            raise Interrupted("interrupted: the state is saved; run the same command again to resume")

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass, or fewer if the user asks the run to end."""
        self.stop.wait(seconds * self.scale)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass.

        Raises:
            Interrupted: the user asks the run to end before they have.
        """
        self.wait(seconds)
        self.check()

    def lapse(self, seconds: float) -> None:
        """Let so many seconds pass, even if the user asks the run to end."""
        if seconds:
            self.runtime.sleep(seconds * self.scale)

    def first_done(self, futures: Collection[Future[T]], timeout: float) -> Collection[Future[T]]:
        """Wait until one of the futures is done, or for so many seconds; return the finished ones."""
        return self.runtime.first_done(futures, timeout * self.scale)
