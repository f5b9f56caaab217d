"""The embedded cloud's clock, which shows AWS's seconds. Everything in the cloud that takes time asks it.

A `virtual` clock stands still while a call is answered or a client computes, and jumps to the next moment once all
clients wait. While no client is connected, or real work is under way (a container starts, an image is built), one of
its seconds takes a real second. A `frozen` clock moves only by `advance`, a `real` one always. When time moves on, the
changes that become due happen in their order, each moment with its own tick.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any, Literal

import time_machine

from ecs_emulator.durations import Duration
from ecs_emulator.operation_durations import OperationDurations
from ecs_emulator.turns import MICROSECONDS

Mode = Literal["virtual", "frozen", "real"]
Tell = Callable[[int, float, float], None]

SILENT = 30.0
"""Real seconds after which the clock no longer waits for a client that computes and is silent: it may be stopped."""
LOOK = 1.0
"""Real seconds between two looks for clients that have fallen silent."""
ROUND_TRIP = 0.1
"""AWS's seconds between a call and its answer, unless PROVISION_ROUND_TRIP says otherwise: assumed."""


def round_trip() -> float:
    """Return the seconds between a call and its answer, to the Region and back (PROVISION_ROUND_TRIP, in ms)."""
    given = os.environ.get("PROVISION_ROUND_TRIP")
    return float(given) / 1000 if given else ROUND_TRIP


@dataclass(eq=False)
class Client:
    """A connected client: whether it waits, until when, and whether it does real work meanwhile.

    Attributes:
        tell: is called with the number of the client's last message, the time, and how many seconds pass in a real one.
        number: the number of the client's last message.
        spoke: the time of that message, in real seconds.
    """

    tell: Tell
    until: float | None = None
    waits: bool = False
    works: bool = False
    number: int = 0
    spoke: float = field(default_factory=time.monotonic)


class Clock:
    """A clock and its connected clients. Times are AWS's seconds since its start.

    Future moments are whole microseconds, also the clients' (`ecs_emulator.turns.Turns.moment`).
    """

    def __init__(self) -> None:
        self.tick: Callable[[], None] = lambda: None
        """Makes all due changes. One thread at a time calls it, and it may call any method of the clock."""
        self.mode: Mode = "virtual"
        self.pace = 1.0
        self.idle = 1.0
        """Seconds that pass in a real second: on a real clock, and on a virtual one while no client is connected."""
        self.hold = inf
        """The moment at which the clock stops until `set_mode` changes it."""
        self.epoch = time.time()
        """The calendar's time at the clock's 0, in seconds since the epoch."""
        self.durations = OperationDurations()
        self.real_work: Callable[[], bool] = lambda: False
        """Returns whether the cloud itself does real work: a container starts or stops."""
        self._changed = threading.Condition(threading.RLock())
        self._now, self._read_at, self._rate = 0.0, time.monotonic(), 0.0
        self._coming: list[float] = []
        self._woken = False
        self._ticking = False
        self._clients: list[Client] = []
        self._calls, self._limit = 0, 0.0
        self._calendar: Any = None

    # -- called by everything that takes time -----------------------------------------------------------------------

    def now(self) -> float:
        """Return the time. It never passes a moment whose due changes have not happened yet."""
        with self._changed:
            return self._read()

    def time(self) -> float:
        """Return the time as seconds since the epoch."""
        return self.epoch + self.now()

    def later(self, seconds: Duration | float, after: float = 0.0) -> float:
        """Return the moment `seconds` after now, or after `after` if that is still to come, and tick at it."""
        took = self.durations.seconds(seconds) if isinstance(seconds, Duration) else seconds
        with self._changed:
            moment = round(max(self._read(), after) + took, MICROSECONDS)
            if moment < inf:
                heapq.heappush(self._coming, moment)
                self._changed.notify_all()
        return moment

    def wake(self) -> None:
        """Report a write, so that the clock ticks soon: changes that follow from the write may be due."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    # -- called by the server ---------------------------------------------------------------------------------------

    def show_calendar(self) -> None:
        """Let this process's calendar show the clock's time from now on, also in moto's time stamps."""
        self._calendar = time_machine.travel(self.time(), tick=False).start()

    def set_mode(self, mode: Mode, pace: float, idle: float, hold: float) -> None:
        """Set the rules by which the clock moves from now on.

        Args:
            hold: the number of seconds after which it stops.
        """
        with self._changed:
            self._limit, self.hold = 0.0, round(self._read() + hold, MICROSECONDS)
            self.mode, self.pace, self.idle = mode, pace, idle
            self._changed.notify_all()

    def held(self) -> bool:
        """Return whether the clock has stopped at `hold` and all connected clients wait for it."""
        with self._changed:
            return self._read() >= self.hold and bool(self._clients) and not self._busy() and not self._due()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Keep a virtual clock still while the context lasts: a call is being answered."""
        with self._changed:
            self._read()
            self._calls += 1
            self._adjust()
        try:
            yield
        finally:
            with self._changed:
                self._calls -= 1
                if not self._busy():
                    self._changed.notify_all()

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Keep other threads from changing the clock while the context lasts, so that the process can be forked.

        However long it takes, no client counts as silent for it.
        """
        with self._changed:
            began = time.monotonic()
            try:
                yield
            finally:
                for client in self._clients:
                    client.spoke += time.monotonic() - began

    def after_fork(self) -> None:
        """Go on in a process that was just forked: the clients, calls and a tick under way are the other process's."""
        with self._changed:
            self._clients.clear()
            self._calls = 0
            # the thread of the tick is not here: what it had not come to is made by another tick
            self._woken, self._ticking = self._woken or self._ticking, False
            self._adjust()

    def settle(self) -> None:
        """Make due changes at once, unless the clock is real or a connected client could see them too early."""
        with self._changed:
            if self._clients or self.mode == "real":
                return
        self._tick_if_due()

    def advance(self, seconds: float, *, step: bool = False) -> None:
        """Let `seconds` pass at once, make all changes that become due, and wait for them.

        Args:
            step: stop at the next moment at which something happens.
        """
        with self._changed:
            now = self._read()
            target = round(now + seconds, MICROSECONDS)
            if step:
                # changes that are already due happen first, and may lead to earlier moments than the known ones
                target = now if self._due() else min(target, self._next())
            self._limit = target
            if self.mode == "real":
                self._now = target
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._read() >= target and not self._busy() and not self._due())

    def join(self, tell: Tell) -> Client:
        """Return a new client. Until its first message it counts as computing."""
        client = Client(tell)
        with self._changed:
            self._read()
            self._clients.append(client)
            self._adjust()
        return client

    def update(self, client: Client, number: int, *, waits: bool, until: float | None, works: bool) -> None:
        """Record a client's message: it computes, or waits. `tell` answers a wait once its moment has come."""
        with self._changed:
            now = self._read()
            client.number, client.waits, client.until, client.works = number, waits, until, works
            client.spoke = time.monotonic()
            if not waits:
                self._adjust()
                client.tell(number, now, self._shown_pace())
            while not self._due() and self._jump():
                pass  # saves waking the thread of `run` for mere jumps
            if not self._busy():
                self._changed.notify_all()

    def leave(self, client: Client) -> None:
        """Forget a client that has ended."""
        with self._changed:
            self._read()
            self._clients.remove(client)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all future moments: after a reset nothing is left to change."""
        with self._changed:
            self._coming.clear()
            self._woken = False

    def run(self) -> None:
        """Move the clock, for as long as the process lives."""
        while True:
            with self._changed:
                self._move()
            self._tick_if_due()

    # -- with the lock held ------------------------------------------------------------------------------------------

    def _move(self) -> None:
        """Wait and jump until something is due."""
        while True:
            self._read()
            if self._due() and not self._busy():
                return
            if not self._jump() and not self._changed.wait(self._patience()):
                self._changed.notify_all()

    def _jump(self) -> bool:
        """Wake the clients whose moment has come, and jump to the next one if all wait. Return whether time moved."""
        self._wake_clients()
        self._adjust()
        target = self._next()
        if self._current() < inf or target == inf:
            return False
        self._now = target
        self._show()
        if target <= self._limit:
            self._changed.notify_all()
        return True

    def _patience(self) -> float:
        """Return after how many real seconds to look again without news: a client may have fallen silent."""
        return min(LOOK, max(0.0, (self._next() - self._now) / self._rate)) if self._rate else LOOK

    def _read(self) -> float:
        """Bring the time up to now, but not past the next future moment, and return it."""
        real = time.monotonic()
        if self._rate:
            first = self._coming[0] if self._coming else inf
            self._now = max(self._now, min(self._now + (real - self._read_at) * self._rate, first))
            self._show()
        self._read_at = real
        return self._now

    def _adjust(self) -> None:
        """Set the pace that follows from the clients' states; `run` makes the jumps."""
        pace = self._current()
        self._rate = 0.0 if pace == inf else pace

    def _show(self) -> None:
        if self._calendar is not None:
            self._calendar.move_to(self.epoch + self._now, tick=False)

    def _current(self) -> float:
        """Return how many seconds pass in a real second now: 0 if the clock stands still, infinity if it jumps."""
        if self.mode == "real":
            return self.pace
        if self._busy():
            return 0.0
        if self._now < self._limit:
            return inf
        if self.mode == "frozen" or self._now >= self.hold:
            return 0.0
        if self.real_work() or any(client.works for client in self._clients):
            return 1.0
        return inf if any(client.until is not None for client in self._present()) else self.idle

    def _shown_pace(self) -> float:
        return self.pace if self.mode == "real" else 0.0

    def _present(self) -> list[Client]:
        return [one for one in self._clients if one.waits or time.monotonic() < one.spoke + SILENT]

    def _busy(self) -> bool:
        """Return whether a call, a tick or a client computes, so that time has to stand still."""
        if self.mode == "real":
            return False
        return self._calls > 0 or self._ticking or any(not client.waits for client in self._present())

    def _due(self) -> bool:
        return self._woken or bool(self._coming and self._coming[0] <= self._now)

    def _next(self) -> float:
        """Return the next moment at which something happens."""
        moments = [client.until for client in self._clients if client.waits and client.until is not None]
        limit = self._limit if self._now < self._limit else inf
        hold = self.hold if self._now < self.hold else inf
        return min([*moments, *self._coming[:1], limit, hold])

    def _wake_clients(self) -> None:
        for client in self._clients:
            if client.waits and client.until is not None and client.until <= self._now:
                client.waits, client.until, client.works = False, None, False
                client.spoke = time.monotonic()
                client.tell(client.number, self._now, self._shown_pace())

    def _tick_if_due(self) -> None:
        with self._changed:
            while self._ticking:
                self._changed.wait()
            if not self._due():
                return
            self._ticking, self._woken = True, False
            while self._coming and self._coming[0] <= self._now:
                heapq.heappop(self._coming)
        try:
            self.tick()
        finally:
            with self._changed:
                self._ticking = False
                self._changed.notify_all()


CLOCK = Clock()
"""The clock of this process's cloud."""

now, later, wake = CLOCK.now, CLOCK.later, CLOCK.wake


def real_now() -> datetime:
    """Return the time of this machine, by which browsers and other clients judge certificates."""
    if not time_machine.escape_hatch.is_travelling():
        return datetime.now(UTC)
    now: datetime = time_machine.escape_hatch.datetime.datetime.now(UTC)
    return now


def passed(moment: float) -> bool:
    """Return whether a moment returned by `later` has come."""
    return CLOCK.now() >= moment
