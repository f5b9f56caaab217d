"""Time, chance and threads as the state and the engine see them: the machine's in life, a seed's in the simulation."""

from __future__ import annotations

import ctypes
import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Event(Protocol):
    """A flag that can be waited for, as `threading.Event`."""

    def is_set(self) -> bool:
        """Say whether it is set."""

    def set(self) -> None:
        """Set it, and wake all that wait for it."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds; return whether it is."""


class Condition(AbstractContextManager[Any], Protocol):
    """A lock whose holder can wait until others wake it, as `threading.Condition`."""

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock back, wait to be woken or for so many seconds, and take the lock again."""

    def notify_all(self) -> None:
        """Wake all waiting threads."""


class Worker(Protocol):
    """A thread that was started."""

    def join(self) -> None:
        """Wait until it has ended."""


class Runtime(Protocol):
    """The needs of code that waits, draws or shares work. All seconds are those of its clock.

    Attributes:
        round_trip: the seconds that a call and its answer are on their way, if they have to be let pass.
    """

    round_trip: float

    def now(self) -> float:
        """Return monotonic seconds."""

    def elapsed(self) -> float:
        """Return monotonic seconds that go on while the machine sleeps, where the system tells them."""

    def time(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""

    def token(self) -> str:
        """Return 32 hexadecimal digits that nobody had before."""

    def draw(self, most: float) -> float:
        """Return a number between 0 and the most, by chance. It is no secret."""

    def lock(self) -> AbstractContextManager[Any]:
        """Return a lock that its holder can take again, as `threading.RLock`."""

    def condition(self) -> Condition:
        """Return a condition."""

    def event(self) -> Event:
        """Return an event that is not set."""

    def start(self, work: Callable[[], None], name: str) -> Worker:
        """Let the work be done in a thread that does not keep the process from ending."""

    def pool(self, workers: int) -> AbstractContextManager[Executor]:
        """Return a pool of at most so many threads; its end waits for all submitted work."""

    def first_done(self, futures: Collection[Future[T]], timeout: float | None) -> Collection[Future[T]]:
        """Wait until one of the futures is done, or for so many seconds; return the finished ones."""

    def each(self, act: Callable[[T], R], items: Iterable[T], workers: int) -> list[R]:
        """Act on all items, so many at once, and return the results in the order of the items."""

    def working(self) -> AbstractContextManager[None]:
        """While the context lasts, this thread's work takes real time on any clock: it builds or pulls an image."""

    def watching(self) -> AbstractContextManager[None]:
        """While the context lasts, this thread waits for a person, or looks on, in the machine's time."""

    def close(self) -> None:
        """The run is over: others on its clock do not wait for it any more."""

    def pid(self) -> int:
        """Return the number of this process."""

    def machine(self) -> str:
        """Return a name that tells this running machine or container from others whose processes have the same numbers.

        It is empty if there is none: the host's name is not enough, since two machines or containers can share it.
        """

    def running(self, pid: int) -> bool:
        """Say whether a process of this machine is running, or may be."""


class Host:
    """The parts of every runtime that come from its machine: chance, and processes."""

    pid = staticmethod(os.getpid)

    def token(self) -> str:
        """Return the digits of a random UUID."""
        return uuid.uuid4().hex

    def draw(self, most: float) -> float:
        """Return a number between 0 and the most."""
        return random.uniform(0, most)  # noqa: S311 (no secret)

    def machine(self) -> str:
        """Return the node's name, its boot, and on Linux the namespace of process numbers; elsewhere there is one."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return f"{os.uname().nodename} {boot} {Path('/proc/self/ns/pid').readlink()}"
        except OSError:
            session = boot_session(ctypes.CDLL(None))
            return f"{os.uname().nodename} {session}" if session else ""

    def running(self, pid: int) -> bool:
        """Ask the kernel; a process that has ended is not running, even before its parent asks for the exit code."""
        try:
            os.kill(pid, 0)
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except ProcessLookupError:
            return False
        except (OSError, IndexError, OverflowError):
            return True


class Machine(Host):
    """The runtime of life: the machine's clocks, threads and chance."""

    round_trip = 0.0
    now = staticmethod(time.monotonic)
    lock = staticmethod(threading.RLock)
    condition = staticmethod(threading.Condition)
    event = staticmethod(threading.Event)
    pool = staticmethod(ThreadPoolExecutor)
    working = staticmethod(nullcontext)
    watching = staticmethod(nullcontext)

    def close(self) -> None:
        """Nobody waits for it."""

    def elapsed(self) -> float:
        """Return monotonic seconds that go on while the machine sleeps, where the system tells them."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)

    def start(self, work: Callable[[], None], name: str) -> Worker:
        """Start a daemon thread."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def first_done(self, futures: Collection[Future[T]], timeout: float | None) -> Collection[Future[T]]:
        """Wait as `concurrent.futures.wait` does."""
        return wait(futures, timeout, return_when=FIRST_COMPLETED).done

    def each(self, act: Callable[[T], R], items: Iterable[T], workers: int) -> list[R]:
        """Act in a pool of threads that lasts as long as this call."""
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(act, items))


def boot_session(library: Any) -> str:
    """Return the UUID that macOS's kernel has drawn at this boot, `kern.bootsessionuuid`; "" where there is none.

    Args:
        library: the C library, which has `sysctlbyname` on macOS.
    """
    if not hasattr(library, "sysctlbyname"):
        return ""
    buffer, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
    if library.sysctlbyname(b"kern.bootsessionuuid", buffer, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return ""
    return buffer.value.decode("ascii", "replace")


MACHINE: Runtime = Machine()
"""It holds nothing, so that all can share it."""
