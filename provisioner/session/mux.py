"""Many connections over one stream of bytes, as AWS's agent has them: smux, version 1 (xtaci/smux). It does no I/O.

There is no window: whoever reads slowly holds up the others, unless what comes is kept for him (`tunnel`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

VERSION = 1
LARGEST = 1 << 15
"""Bytes of one piece, of the 65,535 that its length could say: what smux itself sends."""
_HEAD = struct.Struct("<BBHI")


class Command(IntEnum):
    """What a piece is: a connection begins, it ends, data of it, or nothing."""

    SYN = 0
    FIN = 1
    PSH = 2
    NOP = 3


class BadMux(ConnectionError):
    """What came is not smux's version 1."""


def piece(command: Command, stream: int, data: bytes = b"") -> bytes:
    """Return one piece as it is sent."""
    return _HEAD.pack(VERSION, command, len(data), stream) + data


@dataclass
class Mux:
    """The client's end, which begins connections."""

    _next: int = 3
    _buffer: bytearray = field(default_factory=bytearray)

    def open(self) -> tuple[int, bytes]:
        """Return the number of a new connection, and what says so to the other end: odd ones are the client's."""
        number, self._next = self._next, self._next + 2
        return number, piece(Command.SYN, number)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield what has come: a connection's number, and its data; empty at its end.

        Raises:
            BadMux: it is something else.
        """
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            version, command, length, number = _HEAD.unpack_from(self._buffer)
            if version != VERSION:
                raise BadMux(f"the agent speaks version {version} of smux")
            if len(self._buffer) < _HEAD.size + length:
                return
            content = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            if command == Command.FIN or (command == Command.PSH and content):
                yield number, content if command == Command.PSH else b""


def data(stream: int, content: bytes) -> bytes:
    """Return some data of a connection as it is sent."""
    return b"".join(
        piece(Command.PSH, stream, content[start : start + LARGEST]) for start in range(0, len(content), LARGEST)
    )
