"""Threads that run one at a time, in an order that is the same each time, on a clock that is moved from outside.

A thread has the turn until it waits: for a moment, a lock, an event, the end of others. Then it passes the turn on to
the thread that has been ready for longest. While no thread is ready, the owner of the clock can let time pass.

A signal's exception may be raised only where a thread does nothing but wait (`INTERRUPTIBLE`). Anywhere else in this
module it would leave the mutex locked, or the turn with no thread.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MICROSECONDS = 6
"""The digits after the second to which moments are rounded: sums of floats differ in the twelfth."""


class ThreadWait:
    """A thread's wait for an event or a moment, and then for its turn.

    Attributes:
        over: whether the event or the moment has come.
        going: whether the thread may go on.
        apart: whether the thread takes no turns: it does real work, or is not one of the threads that take turns.
        who: the thread's identifier.
    """

    def __init__(self, *, apart: bool) -> None:
        self.over, self.going, self.apart, self.who = False, False, apart, threading.get_ident()
        self._go = threading.Lock()
        self._go.acquire()

    def go(self) -> None:
        """Let the thread go on."""
        self.going = True
        self._go.release()

    def sleep(self, seconds: float = -1) -> None:
        """Wait until the thread may go on, or for so many real seconds. A signal's exception may be raised here."""
        self._go.acquire(timeout=seconds)


INTERRUPTIBLE = frozenset({ThreadWait.sleep.__code__})
"""The functions of this module in which a signal handler may raise an exception."""


class Turns:
    """The turns of threads: one has the turn, others are ready for it or wait for a moment. The creator has the first.

    Args:
        now: the time.
        changed: is called, with `mutex` held, when the threads' wait may have changed: whether all wait, or until when.

    Attributes:
        mutex: guards all attributes; held for an instant only.
        taken: whether a thread has the turn.
        working: how many threads do real work.
    """

    def __init__(self, now: Callable[[], float], changed: Callable[[], None]) -> None:
        self.mutex = threading.Lock()
        self.now, self._changed = now, changed
        self.taken, self.working = True, 0
        self._ready: deque[ThreadWait] = deque()
        self._asleep: list[tuple[float, int, ThreadWait]] = []
        self._count = count()
        self._mine = threading.local()
        self._mine.takes = True

    def wait(self) -> ThreadWait:
        """Return a new wait of this thread."""
        return ThreadWait(apart=self.apart())

    def apart(self) -> bool:
        """Return whether this thread takes no turns."""
        return not getattr(self._mine, "takes", False)

    def moment(self, seconds: float | None) -> float | None:
        """Return the moment `seconds` ahead, or None: rounded to microseconds, and at least one microsecond ahead.

        Several short waits thus end together with a long one, and repeated waits for a remainder make progress.
        """
        return None if seconds is None else round(self.now() + max(seconds, 10**-MICROSECONDS), MICROSECONDS)

    def pause(self, wait: ThreadWait, until: float | None = None, *, passing: bool = True) -> None:
        """Wait until the wait is over and it is this thread's turn. Release the mutex, which the caller holds.

        Args:
            wait: the wait of this thread.
            until: the moment at which it is over in any case.
            passing: whether this thread has the turn, and so passes it on.
        """
        if wait.apart:
            left = -1.0 if until is None else max(0.0, until - self.now())
            self.mutex.release()
            wait.sleep(left)
            return
        if until is not None and not wait.over:
            heapq.heappush(self._asleep, (until, next(self._count), wait))
        if passing:
            self._pass_on()
        self.mutex.release()
        try:
            wait.sleep()
        except BaseException:
            # a signal's exception is raised here; this thread needs a turn to handle it
            self.over(wait)
            if not wait.going:
                wait.sleep()
            raise

    def over(self, wait: ThreadWait) -> None:
        """Let a thread go on when its turn comes."""
        with self.mutex:
            self.end(wait)

    def end(self, wait: ThreadWait) -> None:
        """Let a thread go on when its turn comes. The caller holds the mutex."""
        if wait.over:
            return
        wait.over = True
        if wait.apart:
            wait.go()
            return
        self._ready.append(wait)
        if not self.taken:
            self._pass_on()

    def soonest(self) -> float | None:
        """Return the next moment that a thread waits for. The caller holds the mutex."""
        while self._asleep and self._asleep[0][2].over:
            heapq.heappop(self._asleep)
        return self._asleep[0][0] if self._asleep else None

    def arrive(self, now: float) -> None:
        """End the waits whose moment has come, in the order of the moments. The caller holds the mutex."""
        while (soonest := self.soonest()) is not None and soonest <= now:
            self.end(heapq.heappop(self._asleep)[2])

    def spawn(self, work: Callable[[], None], name: str) -> None:
        """Do the work in a daemon thread that takes turns."""
        wait = ThreadWait(apart=False)

        def run() -> None:
            wait.sleep()
            self._mine.takes = True
            try:
                work()
            finally:
                with self.mutex:
                    self._pass_on()

        self.over(wait)
        threading.Thread(target=run, name=name, daemon=True).start()

    def aside(self, *, working: bool) -> AbstractContextManager[None]:
        """Return a context in which this thread takes no turns: it does real work, or waits for a person."""
        return _Aside(self, working=working)

    def leave(self, *, working: bool) -> None:
        """Take no turns from now on."""
        with self.mutex:
            self.working += working
            self._mine.takes = False
            self._pass_on()

    def come_back(self, *, working: bool) -> None:
        """Take turns again, as before `leave`."""
        self.mutex.acquire()
        self._mine.takes = True
        self.working -= working
        wait = self.wait()
        self.end(wait)
        self.pause(wait, passing=False)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass on the clock; real ones for a thread that does real work."""
        if self.apart():
            self.wait().sleep(max(0.0, seconds))
        elif seconds > 0:
            self.mutex.acquire()
            self.pause(self.wait(), self.moment(seconds))

    def _pass_on(self) -> None:
        self.taken = bool(self._ready)
        if self._ready:
            self._ready.popleft().go()
        self._changed()


class _Aside(AbstractContextManager[None]):
    """See `Turns.aside`. Not a generator: a signal's exception may be raised in the frames of `contextlib`."""

    def __init__(self, turns: Turns, *, working: bool) -> None:
        self._turns, self._working, self._left = turns, working, False

    def __enter__(self) -> None:
        if not self._turns.apart():
            self._left = True
            self._turns.leave(working=self._working)

    def __exit__(self, *_: object) -> None:
        if self._left:
            self._turns.come_back(working=self._working)


class Lock:
    """A lock that its holder can take again. Waiting threads get it in their order."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self._holder, self._depth = 0, 0
        self._waiting: deque[ThreadWait] = deque()

    def __enter__(self) -> None:
        me, turns = threading.get_ident(), self.turns
        turns.mutex.acquire()
        if self._holder in (0, me):
            self._holder, self._depth = me, self._depth + 1
            turns.mutex.release()
            return
        wait = turns.wait()
        self._waiting.append(wait)
        try:
            turns.pause(wait)
        except BaseException:
            with turns.mutex:
                if wait in self._waiting:
                    self._waiting.remove(wait)
                elif self._holder == me:
                    self._hand_on()
            raise

    def __exit__(self, *_: object) -> None:
        with self.turns.mutex:
            self._depth -= 1
            if not self._depth:
                self._hand_on()

    def _hand_on(self) -> None:
        self._holder, self._depth = 0, 0
        if self._waiting:
            wait = self._waiting.popleft()
            self._holder, self._depth = wait.who, 1
            self.turns.end(wait)


class Condition(Lock):
    """A lock whose holder can wait for a notification by others."""

    def __init__(self, turns: Turns) -> None:
        super().__init__(turns)
        self._word: list[ThreadWait] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Release the lock, wait for a notification or so many seconds, and take the lock again; always return True."""
        turns, wait = self.turns, self.turns.wait()
        turns.mutex.acquire()
        depth = self._depth
        self._word.append(wait)
        self._hand_on()
        try:
            turns.pause(wait, turns.moment(timeout))
        finally:
            self.__enter__()
            self._depth = depth
        return True

    def notify_all(self) -> None:
        """Notify all waiting threads."""
        with self.turns.mutex:
            for wait in self._word:
                self.turns.end(wait)
            self._word.clear()


class Event:
    """A flag that threads can wait for. Any thread may set it."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._set = False
        self._waiting: list[ThreadWait] = []

    def is_set(self) -> bool:
        """Return whether the flag is set."""
        return self._set

    def set(self) -> None:
        """Set the flag, and let all waiting threads go on."""
        with self._turns.mutex:
            self._set = True
            for wait in self._waiting:
                self._turns.end(wait)
            self._waiting.clear()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set, or for so many seconds; return whether it is set."""
        turns = self._turns
        turns.mutex.acquire()
        if self._set or (timeout is not None and timeout <= 0):
            turns.mutex.release()
            return self._set
        wait = turns.wait()
        self._waiting = [one for one in self._waiting if not one.over] + [wait]
        turns.pause(wait, turns.moment(timeout))
        return self._set
