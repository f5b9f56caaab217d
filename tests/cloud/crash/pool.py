"""Forks of this process, so many at once and no more, each of which gives back one text."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK = 0.2
"""Real seconds between two looks whether nothing more is to be begun."""

_HANDLED = (signal.SIGINT, signal.SIGTERM)

Ended = Callable[[str, int], None]
"""Takes the text that a fork gave back, and how it ended: its exit code, or the negative number of a signal."""


@dataclass
class _Fork:
    pid: int
    ended: Ended
    told: bytearray = field(default_factory=bytearray)


class Pool:
    """Begins forks, and takes their texts, in any thread that begins the next one or waits for the last.

    Args:
        most: how many there are at once.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock, self._stopped = most, threading.Lock(), False
        self._forks: dict[int, _Fork] = {}
        """By the file at which each is heard."""

    def fork(self, ended: Ended) -> int | None:
        """Fork, once there is room: return None here, and there the file to write the text to before it ends.

        The fork leads a process group of its own, which no Ctrl-C for this one reaches. After `stop` none is begun.
        """
        with self._lock:
            while len(self._forks) >= self._most and not self._stopped:
                self._hear()
            if self._stopped:
                return None
            here, there = os.pipe()
            # in the fork, a signal must not find this process's handlers
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
            with warnings.catch_warnings():
                # threads that are no concern of the fork
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if pid:
                self._forks[here] = _Fork(pid, ended)
                os.close(there)
            else:
                os.setpgid(0, 0)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                for other in (here, *self._forks):
                    os.close(other)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            return None if pid else there

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True

    def drain(self) -> None:
        """Wait until all have ended."""
        with self._lock:
            while self._forks:
                self._hear()

    def close(self) -> None:
        """Kill the forks that have not ended."""
        self._stopped = True
        with self._lock:
            for fork in self._forks.values():
                for end in (os.killpg, os.kill):
                    # it leads a group of its own only after its first moment
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        end(fork.pid, signal.SIGKILL)
        self.drain()

    def _hear(self) -> None:
        for here in select.select([*self._forks], [], [], LOOK)[0]:
            fork = self._forks[here]
            if more := os.read(here, 65_536):
                fork.told += more
                continue
            os.close(here)
            del self._forks[here]
            code = os.waitstatus_to_exitcode(os.waitpid(fork.pid, 0)[1])
            fork.ended(fork.told.decode(errors="replace"), code)
