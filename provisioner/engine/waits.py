"""Time as the engine sees it: AWS's seconds multiplied by one scale, and how long patience lasts on that clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from provisioner.engine.errors import Interrupted
from state.runtime import MACHINE, Event, Runtime

SETTLE = 30.0
"""Seconds during which a fresh thing may be missing from AWS's lists (EC2 documents eventual consistency)."""
LEAST = 20.0
"""Real seconds that patience lasts at least: a short scale makes AWS fast, but not the machine that this runs on."""


def since(moment: datetime | None) -> str:
    """Return ` since 12:03:10 UTC`, to be put behind a condition, or nothing if AWS does not say when."""
    return f" since {moment.astimezone(UTC):%H:%M:%S} UTC" if moment else ""


def at(moment: datetime) -> str:
    """Return ` at 12:03:10 UTC`, to be put behind what happened."""
    return f" at {moment.astimezone(UTC):%H:%M:%S} UTC"


@dataclass
class Pace:
    """The clock of a run.

    Attributes:
        scale: real seconds for each of AWS's.
        least: real seconds below which no patience shrinks.
        runtime: the clocks and threads below it.
        stop: set when the user asks the run to end.
        began: when the run began, in seconds since the epoch.
    """

    scale: float = 1.0
    least: float = LEAST
    runtime: Runtime = MACHINE
    stop: Event = field(init=False)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.stop = self.runtime.event()
        self.began = self.time()

    def scaled(self, seconds: float) -> float:
        """Return how long the given AWS seconds last on this clock."""
        return seconds * self.scale

    def patience(self, seconds: float) -> float:
        """Return how long to put up with something that may last for the given AWS seconds, on this clock."""
        return max(self.scaled(seconds), min(seconds, self.least))

    def now(self) -> float:
        """Return monotonic seconds."""
        return self.runtime.now()

    def time(self) -> float:
        """Return the seconds since the epoch, as records keep them."""
        return self.runtime.time()

    def young(self, changed: float) -> bool:
        """Say whether something changed (seconds since the epoch) so lately that a list may not show it yet.

        Of what an earlier run changed, nobody knows how long ago that was: its clock may have been another one, or have
        been set since. It is old once this run has lasted for long enough by itself.
        """
        now = self.time()
        return now < (changed if self.began < changed <= now else self.began) + self.scaled(SETTLE)

    def check(self) -> None:
        """Raise `Interrupted` if the user asked the run to end."""
        if self.stop.is_set():
            raise Interrupted("interrupted: what was under way is recorded; run the same command again to go on")

    def sleep(self, seconds: float) -> None:
        """Let the given AWS seconds pass.

        Raises:
            Interrupted: the user asks the run to end before they have.
        """
        self.stop.wait(self.scaled(seconds))
        self.check()
