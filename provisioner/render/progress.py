"""What is known of a run so far, put together from its events; every view of a run draws from it."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.engine.events import (
    Begun,
    Doing,
    Done,
    Emit,
    Event,
    Finished,
    Notice,
    ThingFailed,
    Verb,
    Waiting,
    Working,
)

NEWEST = 4
"""How many of the latest finished things are remembered one by one."""
ACTS: dict[Verb, str] = {"create": "making", "change": "changing", "remove": "removing", "wait": "waiting"}


@dataclass
class Active:
    """One thing that is being worked on or waited for: what is done, and since when on the run's clock."""

    address: str
    step: str
    what: str
    since: float


@dataclass
class Progress:
    """The state of a run.

    Args:
        view: is handed each event after it was noted here; one at a time, though events come from many threads.
        clock: the time in seconds.

    Attributes:
        unseen: why events could not be shown any more. That ends no run: its work must not depend on its readers.
    """

    view: Emit = lambda event: None
    clock: Callable[[], float] = time.monotonic
    begun: Begun | None = None
    finished: Finished | None = None
    active: dict[str, Active] = field(default_factory=dict)
    newest: deque[Done] = field(default_factory=lambda: deque(maxlen=NEWEST))
    failed: list[ThingFailed] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unseen: OSError | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.started

    @property
    def done(self) -> int:
        """How many things are as they should be."""
        return sum(self.counts.values())

    def emit(self, event: Event) -> None:
        """Note an event and hand it on."""
        with self.lock:
            self._note(event)
            if self.unseen is None:
                try:
                    self.view(event)
                except OSError as error:
                    self.unseen = error

    def _note(self, event: Event) -> None:
        match event:
            case Begun():
                self.begun = event
            case Doing():
                self._at(event.address, event.step, ACTS[event.verb])
            case Waiting():
                self._at(event.address, event.step, event.why)
            case Working():
                self._at(event.address, event.step, event.text)
            case Done():
                self.active.pop(event.address, None)
                self.counts[event.result] += 1
                if event.result != "unchanged":
                    self.newest.append(event)
            case ThingFailed():
                self.active.pop(event.address, None)
                self.failed.append(event)
            case Notice():
                self.notices.append(event.text)
            case Finished():
                self.finished = event

    def _at(self, address: str, step: str, what: str) -> None:
        since = self.active[address].since if address in self.active else self.clock()
        self.active[address] = Active(address, step, what, since)
