"""What keeps strangers small: how long they may take to say what they want, and how many of them there may be.

Anybody on the machine can open connections to a port of the loopback, and all come from one address. So what counts is
whether a sender has shown that it has the key.
"""

from __future__ import annotations

import contextlib
import io
import resource
import socket
import threading
import time
from typing import Any

LARGEST_HEAD = 64 << 10
"""Bytes of a request before its body: as much as an Application Load Balancer takes in all of its headers together
(Elastic Load Balancing user guide, quotas)."""


_DESCRIPTORS = 4096
"""Files and connections that the process would like to have open; some systems begin with 256."""
_MOST = 128
"""How many strangers a server has at once, where descriptors are not few."""


def raise_limit() -> None:
    """Let this process open more files, as far as it may without asking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    # a system may have a lower limit than it says
    with contextlib.suppress(OSError, ValueError):
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_strangers() -> int:
    """Return how many connections of strangers a server has at once: few beside what the process can open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(min(_MOST, soft // 8), 1)


class Incoming(io.RawIOBase):
    """What arrives at a connection, as a raw stream.

    The head of a request has to be there after so many seconds in all, whatever arrives meanwhile, and may have
    `LARGEST_HEAD` bytes. In a body only silence is limited.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._silence = self._head = self._allowed = 0.0
        self._until: float | None = None
        self._left: float = 0

    def await_head(self, silence: float, seconds: float) -> None:
        """Expect a request: its first byte after so many seconds of silence, its head so many seconds after that."""
        self._silence, self._head, self._until, self._left = silence, seconds, None, LARGEST_HEAD

    def await_body(self, silence: float) -> None:
        """Expect what belongs to the request whose head is there, without more than so many seconds of silence."""
        self._silence, self._head = silence, 0.0
        # for the answer as well
        self._allow(silence)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, or wait for it.

        Raises:
            ConnectionError: the other side has closed the connection abruptly, or its head is too large.
            TimeoutError: it took too long.
        """
        if self._head:
            self._allow(self._patience())
        count = self._connection.recv_into(buffer)
        if self._head:
            self._note(count)
        return count

    def _allow(self, seconds: float) -> None:
        # each change is a system call
        if seconds != self._allowed:
            self._connection.settimeout(seconds)
            self._allowed = seconds

    def _patience(self) -> float:
        if self._until is None:
            return self._silence
        if (left := self._until - time.monotonic()) <= 0:
            raise TimeoutError("the head of the request took too long")
        return left

    def _note(self, count: int) -> None:
        if self._until is None:
            self._until = time.monotonic() + self._head
        self._left -= count
        if self._left < 0:
            raise ConnectionResetError("the head of the request is too large")


class Strangers:
    """The connections whose senders have not shown the key: beyond so many, the one that was idle longest is closed.

    One that is in the middle of a request gives way only where none is idle.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        # each in the order in which they came there
        self._idle, self._busy = dict[socket.socket, None](), dict[socket.socket, None]()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._idle) + len(self._busy)

    def join(self, connection: socket.socket) -> None:
        """Count a new connection; another one may have to give way to it."""
        with self._lock:
            if len(self) >= self._most:
                self._displace()
            self._idle[connection] = None

    def displace(self) -> None:
        """Let one give way."""
        with self._lock:
            self._displace()

    def busy(self, connection: socket.socket) -> None:
        """Note that a request has arrived."""
        self._move(connection, self._idle, self._busy)

    def idle(self, connection: socket.socket) -> None:
        """Note that it has been answered."""
        self._move(connection, self._busy, self._idle)

    def leave(self, connection: socket.socket) -> bool:
        """Forget a connection: it is about to be closed, or its sender has shown the key and may stay.

        Returns whether it was still there: one that had to give way is closed already.
        """
        with self._lock:
            found = [group.pop(connection, self) is None for group in (self._idle, self._busy)]
            return any(found)

    def _move(
        self, connection: socket.socket, here: dict[socket.socket, None], there: dict[socket.socket, None]
    ) -> None:
        with self._lock:
            if connection in here:
                del here[connection]
                there[connection] = None

    def _displace(self) -> None:
        """Wake the thread of a connection, which closes it. The lock is held, so that it is not closed yet."""
        for group in (self._idle, self._busy):
            for connection in group:
                del group[connection]
                with contextlib.suppress(OSError):
                    # of the socket itself: TLS would say goodbye first
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                return


def drain(connection: socket.socket, most: int, seconds: float) -> None:
    """Throw away what a refused sender is still sending, until it stops or has sent so much or taken so long.

    Closing at once would reset the connection, and the sender may not get to read its answer then.
    """
    until = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while most > 0 and (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not (piece := socket.socket.recv(connection, 65536)):
                return
            most -= len(piece)
