"""Time, randomness and threads for the state and the engine: the machine's own, or the simulation's from a seed."""

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
        """Say whether the flag is set."""

    def set(self) -> None:
        """Set the flag, and wake all waiting threads."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set, or for `timeout` seconds; return whether it is set."""


class Condition(AbstractContextManager[Any], Protocol):
    """A lock whose holder can wait until others wake it, as `threading.Condition`."""

    def wait(self, timeout: float | None = None) -> bool:
        """Release the lock, wait to be woken or for `timeout` seconds, and take the lock again."""

    def notify_all(self) -> None:
        """Wake all waiting threads."""


class Worker(Protocol):
    """A started thread."""

    def join(self) -> None:
        """Wait until the thread has ended."""


class Runtime(Protocol):
    """The clock, randomness, locks and threads that code needs. All seconds are of its own clock.

    Attributes:
        round_trip: the seconds that a call and its answer travel, if the clock has to be advanced for them.
    """

    round_trip: float

    def now(self) -> float:
        """Return monotonic seconds."""

    def elapsed(self) -> float:
        """Return monotonic seconds that also count the machine's sleep, if the system provides them."""

    def time(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Let seconds pass."""

    def token(self) -> str:
        """Return 32 random hexadecimal digits that are never repeated."""

    def draw(self, most: float) -> float:
        """Return a random number between 0 and `most`. It is not fit for secrets."""

    def lock(self) -> AbstractContextManager[Any]:
        """Return a lock that its holder can take again, as `threading.RLock`."""

    def condition(self) -> Condition:
        """Return a condition."""

    def event(self) -> Event:
        """Return an event that is not set."""

    def start(self, work: Callable[[], None], name: str) -> Worker:
        """Run `work` in a thread that does not keep the process from ending."""

    def pool(self, workers: int) -> AbstractContextManager[Executor]:
        """Return a pool of at most `workers` threads; its end waits for all submitted work."""

    def first_done(self, futures: Collection[Future[T]], timeout: float | None) -> Collection[Future[T]]:
        """Wait until one of the futures is done, or for `timeout` seconds; return the finished futures."""

    def each(self, act: Callable[[T], R], items: Iterable[T], workers: int) -> list[R]:
        """Call `act` for all items, `workers` at once, and return the results in the order of the items."""

    def working(self) -> AbstractContextManager[None]:
        """Return a context in which this thread's work takes real time on any clock, as when it builds an image."""

    def watching(self) -> AbstractContextManager[None]:
        """Return a context in which this thread waits by the machine's clock, for a person or as an onlooker."""

    def close(self) -> None:
        """End this run's part in its clock: other users of the clock stop waiting for it."""

    def pid(self) -> int:
        """Return the number of this process."""

    def machine(self) -> str:
        """Return a name for this running machine or container, since other ones use the same process numbers.

        It is empty if there is none: the host's name is not enough, since two machines or containers can share it.
        """

    def running(self, pid: int) -> bool:
        """Say whether a process of this machine is running, or may be running."""


class Host:
    """The parts of every runtime that come from the machine: randomness, and processes."""

    pid = staticmethod(os.getpid)

    def token(self) -> str:
        """Return a random UUID's digits."""
        return uuid.uuid4().hex

    def draw(self, most: float) -> float:
        """Return a random number between 0 and `most`."""
        return random.uniform(0, most)  # noqa: S311 (no secret)

    def machine(self) -> str:
        """Return the node's name, its boot, and on Linux the process namespace; other systems have only one."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return f"{os.uname().nodename} {boot} {Path('/proc/self/ns/pid').readlink()}"
        except OSError:
            session = boot_session(ctypes.CDLL(None))
            return f"{os.uname().nodename} {session}" if session else ""

    def running(self, pid: int) -> bool:
        """Ask the kernel whether a process runs; a zombie, which has ended but still has a parent to tell, does not."""
        try:
            os.kill(pid, 0)
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except ProcessLookupError:
            return False
        except (OSError, IndexError, OverflowError):
            return True


class Machine(Host):
    """The runtime of real runs: the machine's clocks, threads and randomness."""

    round_trip = 0.0
    now = staticmethod(time.monotonic)
    lock = staticmethod(threading.RLock)
    condition = staticmethod(threading.Condition)
    event = staticmethod(threading.Event)
    pool = staticmethod(ThreadPoolExecutor)
    working = staticmethod(nullcontext)
    watching = staticmethod(nullcontext)

    def close(self) -> None:
        """Do nothing: nobody waits for the machine's clock."""

    def elapsed(self) -> float:
        """Return monotonic seconds that also count the machine's sleep, if the system provides them."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`."""
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
        """Call `act` in a pool of threads that lasts for this call."""
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(act, items))


def boot_session(library: Any) -> str:
    """Return the UUID that macOS's kernel draws at each boot, `kern.bootsessionuuid`; "" on other systems.

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
"""The machine's runtime. It holds no data of its own, so that all callers can share it."""
