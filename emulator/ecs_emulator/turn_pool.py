"""A pool of threads that take turns, with futures that can be waited for in turn (`turns`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

from ecs_emulator.turns import ThreadWait, Turns

P = ParamSpec("P")
T = TypeVar("T")


class _Result(Future[T]):
    """A future; a thread that waits for it passes its turn on."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns
        self._waiting: list[ThreadWait] = []
        self.add_done_callback(self._end_waits)

    def end(self, wait: ThreadWait) -> None:
        """End the wait when the future is done. The caller holds the mutex; the future is not done yet."""
        self._waiting = [one for one in self._waiting if not one.over] + [wait]

    def _end_waits(self, _: object) -> None:
        with self._turns.mutex:
            for wait in self._waiting:
                self._turns.end(wait)
            self._waiting.clear()

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result and return it, or raise the call's exception."""
        first_done(self._turns, [self], timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end of the call, and return its exception."""
        first_done(self._turns, [self], timeout)
        return super().exception(0)


class Pool(Executor):
    """A pool of at most so many threads that take turns; its end waits for all submitted calls."""

    def __init__(self, turns: Turns, workers: int) -> None:
        self._turns, self._free = turns, max(1, workers)
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._all: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let a thread of the pool make the call, in the order of submission."""
        future = _Result[T](self._turns)
        self._all.add(future)
        future.add_done_callback(self._all.discard)
        self._jobs.append((future, partial(fn, *args, **kwargs)))
        if self._free:
            self._free -= 1
            self._turns.spawn(self._work, "pool")
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for all submitted calls; with `cancel_futures`, only for the calls under way."""
        for future, _ in [*self._jobs] if cancel_futures else ():
            future.cancel()
        while wait and self._all:
            first_done(self._turns, list(self._all), None)

    def _work(self) -> None:
        while self._jobs:
            future, act = self._jobs.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = act()
            except BaseException as error:  # noqa: BLE001 (as in any pool)
                future.set_exception(error)
            else:
                future.set_result(result)
        self._free += 1


def first_done(turns: Turns, futures: list[Future[T]], timeout: float | None) -> list[Future[T]]:
    """Wait until one of the futures is done, or for so many seconds; return the futures that are done."""
    turns.mutex.acquire()
    found = [future for future in futures if future.done()]
    if found or timeout == 0:
        turns.mutex.release()
        return found
    wait = turns.wait()
    for future in futures:
        cast("_Result[T]", future).end(wait)
    turns.pause(wait, turns.moment(timeout))
    return [future for future in futures if future.done()]
