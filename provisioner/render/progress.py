"""The state of a run, collected from its events; every view of a run draws from it."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.engine.events import (
    Emit,
    Event,
    Notice,
    ResourceDone,
    ResourceFailed,
    ResourceProgress,
    ResourceQueued,
    ResourceSkipped,
    ResourceStarted,
    ResourceWaiting,
    RunCost,
    RunEstimate,
    RunFinished,
    RunStarted,
)
from provisioner.engine.remaining import RemainingWork, left
from provisioner.engine.words import Action
from provisioner.render.text import roughly
from provisioner.state.counted import is_counted

NEWEST = 4
"""The number of the latest finished resources that are remembered one by one."""
SHORT = 15.0
"""Seconds below which the remaining time is not shown."""
ACTS: dict[Action, str] = {"create": "creating", "change": "changing", "delete": "deleting"}


@dataclass
class Active:
    """One resource in progress: the work or the wait, and its begin on the run's clock."""

    address: str
    step: str
    what: str
    since: float


@dataclass
class Progress:
    """The state of a run.

    Args:
        view: receives each event after it was noted here, one at a time, although events come from many threads.
        clock: the time in seconds.

    Attributes:
        results: the results of finished resources.
        created: the addresses of the resources that this run has begun to create.
        tasks: the expected work on each resource.
        over: the addresses of the resources that are finished, have failed, or will not be begun.
        cost: the stack's cost after the run, if known.
        interrupted: whether the user ended the run.
        unfinished: by step, the addresses of the resources that exist, or may exist, and are not finished at the end.
        unseen: the error after which no events could be shown. It does not end the run, which must not depend on its
            readers.
    """

    view: Emit = lambda event: None
    clock: Callable[[], float] = time.monotonic
    run: RunStarted | None = None
    finished: RunFinished | None = None
    active: dict[str, Active] = field(default_factory=dict)
    newest: deque[ResourceDone] = field(default_factory=lambda: deque(maxlen=NEWEST))
    results: list[ResourceDone] = field(default_factory=list)
    failed: list[ResourceFailed] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    cost: RunCost | None = None
    interrupted: bool = False
    unfinished: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unseen: OSError | None = None
    created: set[str] = field(default_factory=set)
    tasks: Mapping[str, RemainingWork] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.started, self._real = self.clock(), time.monotonic()

    @property
    def real_seconds(self) -> float:
        """The seconds since the start on this machine's clock; a rehearsal has its own clock."""
        return round(time.monotonic() - self._real, 2)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.started

    @property
    def done(self) -> int:
        """The number of finished resources."""
        return sum(self.counts.values())

    @property
    def left(self) -> tuple[str, str]:
        """The time left of the run and the step that takes most of it, in words; empty if short or unknown."""
        now = self.clock()
        found = left(self.tasks, self.over, {address: now - active.since for address, active in self.active.items()})
        if found.seconds < SHORT:
            return "", ""
        step = found.step.replace("_", " ")
        return f"about {roughly(found.seconds)} left", f"mostly for the {step}" if step else ""

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
            case RunStarted():
                self.run = event
            case RunEstimate():
                self.tasks = event.tasks
            case RunCost():
                self.cost = event
            case Notice():
                self.notices.append(event.text)
            case RunFinished():
                self.finished = event
            case ResourceDone() | ResourceFailed() | ResourceSkipped():
                self._end(event)
            case ResourceStarted() | ResourceWaiting() | ResourceProgress() | ResourceQueued():
                self._at(event.address, event.step, self._doing(event))

    def _end(self, event: ResourceDone | ResourceFailed | ResourceSkipped) -> None:
        self.active.pop(event.address, None)
        self.over.add(event.address)
        if isinstance(event, ResourceFailed):
            self.failed.append(event)
        elif isinstance(event, ResourceDone):
            self.counts[event.result] += is_counted(event.address)
            self.results.append(event)
            if event.result != "unchanged":
                self.newest.append(event)

    def _doing(self, event: ResourceStarted | ResourceWaiting | ResourceProgress | ResourceQueued) -> str:
        """Return the words for the work on a resource, or for its wait."""
        match event:
            case ResourceStarted():
                return self._act(event)
            case ResourceWaiting():
                return event.why
            case ResourceProgress():
                return event.text
            case ResourceQueued():
                return f"waiting for {event.api}'s rate limit"

    def _act(self, event: ResourceStarted) -> str:
        """Return the words for an action; changes of settings after a creation belong to it."""
        if event.action == "create":
            self.created.add(event.address)
        return "configuring" if event.action == "change" and event.address in self.created else ACTS[event.action]

    def _at(self, address: str, step: str, what: str) -> None:
        since = self.active[address].since if address in self.active else self.clock()
        self.active[address] = Active(address, step, what, since)
