"""Limit strangers' connections: how long a request may take to arrive, and how many connections may be open.

Anybody on the machine can open connections to a port of the loopback, and all of them come from one address. A sender
is therefore a stranger until it has shown the key.
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
"""Files and connections that the process should be able to open; some systems allow only 256 at first."""
_MOST = 128
"""The most strangers that a server has at once; fewer if the process can open few files."""


def raise_limit() -> None:
    """Raise the number of files that this process may open, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    # a system may have a lower limit than it says
    with contextlib.suppress(OSError, ValueError):
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_strangers() -> int:
    """Return the most connections of strangers for a server: a small part of the files that it can open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(min(_MOST, soft // 8), 1)


class Incoming(io.RawIOBase):
    """A raw stream of the bytes that arrive at a connection.

    The head of a request has to arrive within a number of seconds in all, and may have `LARGEST_HEAD` bytes. In a body
    only silence is limited.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._silence = self._head = self._allowed = 0.0
        self._until: float | None = None
        self._left: float = 0

    def await_head(self, silence: float, seconds: float) -> None:
        """Expect a request: its first byte within `silence` seconds, its head within `seconds` after that."""
        self._silence, self._head, self._until, self._left = silence, seconds, None, LARGEST_HEAD

    def await_body(self, silence: float) -> None:
        """Expect the body of the request whose head is read, with at most `silence` seconds of silence."""
        self._silence, self._head = silence, 0.0
        # the limit also holds for sending the answer
        self._allow(silence)

    def readable(self) -> bool:
        """Return True, as raw streams that can be read do."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the bytes that have arrived, or wait for some.

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
    """The connections whose senders have not shown the key. Above `most`, the longest idle one is closed.

    A connection in the middle of a request is closed only if none is idle.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        # each in the order in which the connections entered it
        self._idle, self._busy = dict[socket.socket, None](), dict[socket.socket, None]()

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._idle) + len(self._busy)

    def join(self, connection: socket.socket) -> None:
        """Add a new connection; an older one may be closed for it."""
        with self._lock:
            if len(self) >= self._most:
                self._displace()
            self._idle[connection] = None

    def displace(self) -> None:
        """Close a connection to make room."""
        with self._lock:
            self._displace()

    def busy(self, connection: socket.socket) -> None:
        """Record that a request has arrived on a connection."""
        self._move(connection, self._idle, self._busy)

    def idle(self, connection: socket.socket) -> None:
        """Record that the request of a connection is answered."""
        self._move(connection, self._busy, self._idle)

    def leave(self, connection: socket.socket) -> bool:
        """Forget a connection: it is about to be closed, or its sender has shown the key and may stay.

        Returns whether it was still listed: a connection that was closed to make room is not.
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
        """Wake the thread of a connection, which closes it. The lock is held, so it is not closed yet."""
        for group in (self._idle, self._busy):
            for connection in group:
                del group[connection]
                with contextlib.suppress(OSError):
                    # the plain socket's method: TLS would send its closing message first
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                return


def drain(connection: socket.socket, most: int, seconds: float) -> None:
    """Read and drop a refused sender's bytes, until it stops, has sent `most` bytes or has taken `seconds`.

    Closing at once would reset the connection, and the sender could lose its answer.
    """
    until = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while most > 0 and (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not (piece := socket.socket.recv(connection, 65536)):
                return
            most -= len(piece)
