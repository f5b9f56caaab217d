"""A runtime whose threads take turns, on a clock that its creator provides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from ecs_emulator import turn_pool, turns

R = TypeVar("R")
T = TypeVar("T")


class TurnRuntime:
    """Time and threads of a run: the threads take turns. A subclass provides the clock, `now`.

    Args:
        changed: see `Turns`.
    """

    round_trip = 0.0

    def __init__(self, changed: Callable[[], None]) -> None:
        self.turns = turns.Turns(self.now, changed)

    def now(self) -> float:
        """Return monotonic seconds."""
        raise NotImplementedError

    def elapsed(self) -> float:
        """Return the same as `now`: there is no machine that sleeps."""
        return self.now()

    def sleep(self, seconds: float) -> None:
        """Let so many of the cloud's seconds pass."""
        self.turns.sleep(seconds)

    def working(self) -> AbstractContextManager[None]:
        """Return a context in which this thread does real work: others go on, and a second is a real one."""
        return self.turns.aside(working=True)

    def watching(self) -> AbstractContextManager[None]:
        """Return a context in which this thread waits for a person, or watches: no thread waits for it."""
        return self.turns.aside(working=False)

    def lock(self) -> AbstractContextManager[Any]:
        """Return a lock that its holder can take again."""
        return turns.Lock(self.turns)

    def condition(self) -> turns.Condition:
        """Return a condition."""
        return turns.Condition(self.turns)

    def event(self) -> turns.Event:
        """Return an event that is not set."""
        return turns.Event(self.turns)

    def start(self, work: Callable[[], None], name: str) -> Worker:
        """Run the work in a thread that takes turns with the others."""
        worker = Worker(self.event())

        def run() -> None:
            try:
                work()
            finally:
                worker.ended.set()

        self.turns.spawn(run, name)
        return worker

    def pool(self, workers: int) -> Executor:
        """Return a pool of at most so many threads that take turns."""
        return turn_pool.Pool(self.turns, workers)

    def first_done(self, futures: Collection[Future[T]], timeout: float | None) -> Collection[Future[T]]:
        """Wait until one future is done, or for so many of the cloud's seconds; return the futures that are done."""
        return turn_pool.first_done(self.turns, list(futures), timeout)

    def each(self, act: Callable[[T], R], items: Iterable[T], workers: int) -> list[R]:
        """Call `act` for all items, at most `workers` at once, and return the results in the items' order."""
        with self.pool(workers) as pool:
            return list(pool.map(act, items))


class Worker:
    """A started thread; `ended` is set at its end."""

    def __init__(self, ended: turns.Event) -> None:
        self.ended = ended

    def join(self) -> None:
        """Wait until the thread has ended."""
        self.ended.wait()
