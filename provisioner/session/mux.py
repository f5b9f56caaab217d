"""Multiplex connections over one stream of bytes as AWS's agent does: smux, version 1 (xtaci/smux). No I/O here.

There is no window: a slow reader delays the others, unless its data are buffered (`tunnel`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

VERSION = 1
LARGEST = 1 << 15
"""The most bytes of one piece, as smux itself sends; its length field allows 65,535."""
_HEAD = struct.Struct("<BBHI")


class Command(IntEnum):
    """The kinds of a piece: a connection begins, it ends, data of it, or nothing."""

    SYN = 0
    FIN = 1
    PSH = 2
    NOP = 3


class BadMux(ConnectionError):
    """Received bytes are not smux, version 1."""


def piece(command: Command, stream: int, data: bytes = b"") -> bytes:
    """Return the bytes of one piece."""
    return _HEAD.pack(VERSION, command, len(data), stream) + data


@dataclass
class Mux:
    """The client's end, which opens connections."""

    _next: int = 3
    _buffer: bytearray = field(default_factory=bytearray)

    def open(self) -> tuple[int, bytes]:
        """Return the number of a new connection and the bytes that announce it; the client's numbers are odd."""
        number, self._next = self._next, self._next + 2
        return number, piece(Command.SYN, number)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the received connections' numbers and data; empty data at the end of a connection.

        Raises:
            BadMux: the bytes are not smux, version 1.
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
    """Return the bytes of some data of a connection."""
    return b"".join(
        piece(Command.PSH, stream, content[start : start + LARGEST]) for start in range(0, len(content), LARGEST)
    )
