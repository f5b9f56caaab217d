"""Simulated time and threads: one greenlet runs at a time, and the seed picks the next of the ready ones.

Time stands still while code runs, and jumps to the next moment when all greenlets wait. A process can be killed
between any two of its waits or calls: from then on nothing that it tries has any effect.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Self

from greenlet import GreenletExit, getcurrent, greenlet

EPOCH = 1_800_000_000.0
"""The time of the simulated calendars at the start."""

Step = tuple[float, float]


class Killed(BaseException):
    """The process was killed: all its later calls have no effect."""


class Violation(AssertionError):
    """A promise was broken."""


class Hub:
    """The world's clock, and the queue of greenlets to run.

    Args:
        seed: decides the order of greenlets that are ready at the same moment.
        steps: the number of resumptions after which the run counts as endless.
    """

    def __init__(self, seed: str, steps: int = 200_000) -> None:
        self.now = 0.0
        self.random = random.Random(seed)
        self.left = steps
        self.broken: Violation | None = None
        """The first broken promise that the code under test may have treated as an error of its own."""
        self._queue: list[tuple[float, float, int, greenlet, int]] = []
        self._count = 0
        self._turns: dict[greenlet, int] = {}
        self._loop = getcurrent()

    def at(self, moment: float, who: greenlet) -> None:
        """Resume a greenlet at a moment. This replaces its earlier moment."""
        self._count += 1
        turn = self._turns[who] = self._count
        heapq.heappush(self._queue, (moment, self.random.random(), self._count, who, turn))

    def suspend(self) -> None:
        """Let others run until another greenlet resumes the caller."""
        self._loop.switch()

    def run(self, *main: greenlet) -> None:
        """Run until these have ended; raise `Violation` if they never would."""
        for one in main:
            self.at(self.now, one)
        while any(not one.dead for one in main):
            if not self._queue:
                raise Violation("everybody waits for ever")
            moment, _, _, who, turn = heapq.heappop(self._queue)
            if who.dead or self._turns.get(who) != turn:
                continue
            self.left -= 1
            if self.left < 0:
                raise Violation("it does not end")
            del self._turns[who]
            self.now = max(self.now, moment)
            who.parent = self._loop
            who.switch()

    def drain(self, process: Process) -> None:
        """Unwind the remaining greenlets of a process: it has ended, or was killed."""
        process.alive = False
        self._queue.clear()
        self._turns.clear()
        for one in process.greenlets:
            if one and not one.dead:
                one.parent = getcurrent()
                one.throw(Killed)


class Process:
    """A simulated process: its greenlets, and the runtime for its code. All times are in seconds.

    Args:
        skew: the seconds that its calendar is ahead of the world's.
        step: the seconds after which its calendar is set, and the seconds it is then ahead.
        points: counts the places where it could be killed; see `point`.
        kill_at: the number of the place at which it is killed, if any.
    """

    def __init__(
        self, hub: Hub, seed: str, *, skew: float = 0.0, step: Step = (0.0, 0.0), kill_at: int | None = None
    ) -> None:
        self.hub, self.skew, self.kill_at = hub, skew, kill_at
        self._set_at, self._set_by = hub.now + step[0], step[1]
        self.alive = True
        self.points = 0
        self.asleep_until = 0.0
        self.round_trip = 0.0
        self.on_death: list[Callable[[], None]] = []
        self._random = random.Random(seed)
        self.greenlets: list[greenlet] = []

    # -- life and death --------------------------------------------------------------------------------------------

    def spawn(self, work: Callable[[], None]) -> greenlet:
        """Return a greenlet of this process for some work, to be run by the hub."""

        def guarded() -> None:
            try:
                self._wake()
                work()
            except (Killed, GreenletExit):
                pass

        one = greenlet(guarded)
        self.greenlets.append(one)
        return one

    def point(self) -> None:
        """Mark a place where the process can be killed. Raises `Killed` if it is, or was before."""
        self.check()
        self.points += 1
        if self.kill_at is not None and self.points >= self.kill_at:
            self.kill()
            raise Killed

    def check(self) -> None:
        """Raise `Killed` if the process was killed."""
        if not self.alive:
            raise Killed

    def kill(self) -> None:
        """End the process at once."""
        if not self.alive:
            return
        self.alive = False
        for act in self.on_death:
            act()
        for one in self.greenlets:
            # they unwind when they are resumed and notice the kill
            if not one.dead and one is not getcurrent():
                self.hub.at(self.hub.now, one)

    def pause(self, until: float | None = None) -> None:
        """Let others run: until that moment, or until another greenlet resumes this one. Raises `Killed`."""
        self.check()
        if until is not None:
            self.hub.at(until, getcurrent())
        self.hub.suspend()
        self._wake()

    def _wake(self) -> None:
        while self.alive and self.asleep_until > self.hub.now:
            self.hub.at(self.asleep_until, getcurrent())
            self.hub.suspend()
        self.check()

    # -- the runtime -----------------------------------------------------------------------------------------------

    def now(self) -> float:
        self.check()
        return self.hub.now

    elapsed = now

    def time(self) -> float:
        self.check()
        return EPOCH + self.hub.now + self.skew + (self._set_by if self.hub.now >= self._set_at else 0.0)

    def sleep(self, seconds: float) -> None:
        self.pause(self.hub.now + max(0.0, seconds))

    def token(self) -> str:
        self.check()
        return f"{self._random.getrandbits(128):032x}"

    def draw(self, most: float) -> float:
        return self._random.uniform(0, most)

    def lock(self) -> Lock:
        return Lock(self)

    def condition(self) -> Condition:
        return Condition(self)

    def event(self) -> Event:
        return Event(self)

    def start(self, work: Callable[[], None], name: str) -> Worker:
        return Worker(self, work)

    @contextmanager
    def pool(self, workers: int) -> Iterator[Any]:
        pool = Pool(self, workers)
        try:
            yield pool
        finally:
            pool.shutdown()

    def first_done(self, futures: Collection[Any], timeout: float | None) -> Collection[Any]:
        ends = None if timeout is None else self.hub.now + timeout
        me, watching = getcurrent(), True

        def done(_: object) -> None:
            if watching:
                self.hub.at(self.hub.now, me)

        for future in futures:
            if not future.done():
                future.add_done_callback(done)
        while not (found := [future for future in futures if future.done()]):
            if ends is not None and self.hub.now >= ends:
                break
            self.pause(ends)
        watching = False
        return found

    def each(self, act: Callable[[Any], Any], items: Iterable[Any], workers: int) -> list[Any]:
        with self.pool(workers) as pool:
            futures = [pool.submit(act, item) for item in items]
        return [future.result() for future in futures]

    def working(self) -> AbstractContextManager[None]:
        return nullcontext()

    watching = working

    def close(self) -> None:
        pass

    def pid(self) -> int:
        return 1

    def machine(self) -> str:
        return ""

    def running(self, pid: int) -> bool:
        return True


class _Waiters:
    """Greenlets that wait for a notification."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.waiting: list[greenlet] = []

    def wait(self, timeout: float | None = None) -> None:
        me = getcurrent()
        self.waiting.append(me)
        try:
            self.process.pause(None if timeout is None else self.process.hub.now + timeout)
        finally:
            if me in self.waiting:
                self.waiting.remove(me)

    def wake(self) -> None:
        for one in self.waiting:
            self.process.hub.at(self.process.hub.now, one)


class Lock:
    """A lock that its holder can take again."""

    def __init__(self, process: Process) -> None:
        self._waiters = _Waiters(process)
        self._holder: greenlet | None = None
        self._depth = 0

    def __enter__(self) -> Self:
        while self._holder not in (None, getcurrent()):
            self._waiters.wait()
        self._holder = getcurrent()
        self._depth += 1
        return self

    def _taken(self) -> bool:
        return self._holder is not None

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._holder = None
            self._waiters.wake()


class Condition(Lock):
    """A lock whose holder can wait for a notification."""

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self._word = _Waiters(process)

    def wait(self, timeout: float | None = None) -> bool:
        depth, self._depth, self._holder = self._depth, 0, None
        self._waiters.wake()
        try:
            self._word.wait(timeout)
        finally:
            while self._taken() and self._word.process.alive:
                self._waiters.wait()
            self._depth, self._holder = depth, getcurrent()
        return True

    def notify_all(self) -> None:
        self._word.wake()


class Event:
    """A flag that greenlets can wait for."""

    def __init__(self, process: Process) -> None:
        self._waiters = _Waiters(process)
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        self._waiters.wake()

    def wait(self, timeout: float | None = None) -> bool:
        ends = None if timeout is None else self._waiters.process.hub.now + timeout
        while not self._set:
            now = self._waiters.process.hub.now
            if ends is not None and now >= ends:
                break
            self._waiters.wait(None if ends is None else ends - now)
        return self._set


class Worker:
    """A thread of a simulated process."""

    def __init__(self, process: Process, work: Callable[[], None]) -> None:
        self._ended = Event(process)

        def run() -> None:
            try:
                work()
            finally:
                self._ended.set()

        process.hub.at(process.hub.now, process.spawn(run))

    def join(self) -> None:
        self._ended.wait()


class Future:
    """The later result of a greenlet in a pool, with the methods that the code under test uses."""

    def __init__(self) -> None:
        self._ended = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._calls: list[Callable[[Any], None]] = []

    def done(self) -> bool:
        return self._ended

    def end(self, result: Any, error: BaseException | None = None) -> None:
        self._ended, self._result, self._error = True, result, error
        for call in self._calls:
            call(self)

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        self._calls.append(call)

    def exception(self) -> BaseException | None:
        return self._error

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result


class Pool:
    """A pool that makes greenlets on demand; submitted work begins in the seed's order."""

    def __init__(self, process: Process, workers: int) -> None:
        self._process, self._free = process, workers
        self._queue: list[tuple[Future, Callable[[], Any]]] = []
        self._all: list[Future] = []

    def submit(self, act: Callable[..., Any], *arguments: Any) -> Future:
        future = Future()
        self._queue.append((future, lambda: act(*arguments)))
        self._all.append(future)
        if self._free:
            self._free -= 1
            self._process.hub.at(self._process.hub.now, self._process.spawn(self._work))
        return future

    def _work(self) -> None:
        while self._queue:
            future, act = self._queue.pop(0)
            try:
                result = act()
            except (Killed, GreenletExit):
                raise
            except BaseException as error:  # noqa: BLE001 (as a thread pool does)
                future.end(None, error)
            else:
                future.end(result)
        self._free += 1

    def shutdown(self) -> None:
        while self._process.alive and (unfinished := [future for future in self._all if not future.done()]):
            self._process.first_done(unfinished, None)
