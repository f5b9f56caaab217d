"""Orders of the test process to its forks, and their answers, a line of JSON each."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

ORDER_BYTES = 65_536
"""The most that an order takes."""


def pair(kind: socket.SocketKind) -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a connection."""
    return socket.socketpair(socket.AF_UNIX, kind)


@dataclass
class Channel:
    """The test process's end of a connection to a process that takes orders."""

    here: socket.socket

    def order(self, *more: socket.socket, **words: Any) -> Answers:
        """Give an order, with further sockets for its process, and return the answer to come."""
        mine, theirs = pair(socket.SOCK_STREAM)
        with theirs:
            ends = [theirs.fileno(), *(one.fileno() for one in more)]
            socket.send_fds(self.here, [json.dumps(words).encode()], ends)
        return Answers(mine)

    def close(self) -> None:
        """Let the process end."""
        self.here.close()


def receive(there: socket.socket) -> tuple[dict[str, Any], list[socket.socket]] | None:
    """Wait for an order, and return it and the sockets that came with it; None: there will be no more."""
    text, ends, _, _ = socket.recv_fds(there, ORDER_BYTES, 2)
    return (json.loads(text), [socket.socket(fileno=end) for end in ends]) if text else None


@dataclass
class Answers:
    """The answer to an order."""

    here: socket.socket
    _held: bytearray = field(default_factory=bytearray)

    def lines(self, seconds: float) -> Iterator[dict[str, Any]]:
        """Yield each line as it comes, until there will be no more; half a line is none.

        Raises:
            TimeoutError: that has not been so within as many seconds.
        """
        until = time.monotonic() + seconds
        while True:
            # nothing said counts as said too late
            self.here.settimeout(max(0.001, until - time.monotonic()))
            if not (more := self.here.recv(ORDER_BYTES)):
                return
            self._held += more
            *whole, rest = self._held.split(b"\n")
            self._held = bytearray(rest)
            for line in whole:
                yield json.loads(line)

    def lend(self, one: socket.socket) -> None:
        """Hand a socket over that was asked for."""
        socket.send_fds(self.here, [b"!"], [one.fileno()])

    def close(self) -> None:
        """Hear no more."""
        self.here.close()


@dataclass
class Told:
    """The other end, which gives the answer."""

    there: socket.socket

    def say(self, **words: Any) -> None:
        """Say a line."""
        self.there.sendall(json.dumps(words).encode() + b"\n")

    def borrow(self, what: str) -> socket.socket:
        """Ask for a socket of the test process, and return it."""
        self.say(lend=what)
        _, (end,), _, _ = socket.recv_fds(self.there, 1, 1)
        return socket.socket(fileno=end)

    def close(self) -> None:
        """Say no more."""
        self.there.close()
