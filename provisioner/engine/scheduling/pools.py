"""Pools of threads that an interrupt ends: their waits end, queued work is dropped, and the threads are awaited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TypeVar

from provisioner.engine.clock import Pace

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def pool(pace: Pace, workers: int) -> Iterator[Executor]:
    """Return a pool of at most so many threads; its end waits for all submitted work.

    A `KeyboardInterrupt` sets `pace.stop` and `pace.leaving`: no read begins any more, and none is repeated. The
    context ends only when reads under way have ended: Python would wait for them at its exit, where a second Ctrl-C
    prints a traceback. (Before Python 3.13 a thread whose wait was interrupted counts as ended, so the context may end
    earlier.)
    """
    with pace.runtime.pool(workers) as threads, _ended_by_interrupt(pace, threads):
        try:
            with _ended_by_interrupt(pace, threads):
                yield threads
        finally:
            # an interrupt may come during this wait as well: then the end of the pool waits once more
            threads.shutdown()


def each(pace: Pace, act: Callable[[T], R], items: Iterable[T], workers: int) -> list[R]:
    """Act on all items, so many at once, and return the results in their order."""
    with pool(pace, workers) as threads:
        return list(threads.map(act, items))


@contextmanager
def _ended_by_interrupt(pace: Pace, threads: Executor) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        pace.stop.set()
        pace.leaving.set()
        threads.shutdown(wait=False, cancel_futures=True)
        raise
