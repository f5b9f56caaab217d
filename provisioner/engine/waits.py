"""Time as the engine sees it: every interval, budget and back-off is multiplied by one scale."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from provisioner.engine.errors import Interrupted

SETTLE = 30.0
"""Seconds during which a fresh thing may be missing from AWS's lists (EC2 documents eventual consistency)."""


@dataclass
class Pace:
    """The clock of a run. `stop` is set when the user asks the run to end."""

    scale: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)

    def scaled(self, seconds: float) -> float:
        """Return how long the given AWS seconds last on this clock."""
        return seconds * self.scale

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def young(self, changed: float, settle: float = SETTLE) -> bool:
        """Say whether something changed (seconds since the epoch) so lately that a list may not show it yet."""
        return time.time() < changed + self.scaled(settle)

    def check(self) -> None:
        """Raise `Interrupted` if the user asked the run to end."""
        if self.stop.is_set():
            raise Interrupted("interrupted: what was under way is recorded; run the same command again to go on")
