"""Ports of a task, as the agent forwards them: a handshake, then many connections in one stream (smux, version 1).

At the end of one direction the agent closes both (amazon-ssm-agent, `muxPort.go`).
"""

from __future__ import annotations

import contextlib
import json
import queue
import struct
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ecs_emulator.sessions import wire
from ecs_emulator.sessions.channel import Channel

AGENT_VERSION = "3.3.2299.0"
HANDSHAKE_SECONDS = 15.0
CONNECT_FAILED = (3).to_bytes(4, "big")
_TERMINATE = 2
_HEAD = struct.Struct("<BBHI")
_SYN, _FIN, _PSH = 0, 1, 2
_PIECE = 1 << 14


class Connection(Protocol):
    """A connection to the target of a port."""

    def recv(self, size: int, /) -> bytes:
        """Return the bytes that have arrived; empty at its end."""

    def sendall(self, data: bytes, /) -> None:
        """Send all bytes."""

    def close(self) -> None:
        """Close the connection."""


Connect = Callable[[], Connection]
"""Connects to the target of the session's port; raises OSError."""


def run(channel: Channel, properties: Mapping[str, Any], connect: Connect) -> None:
    """Forward connections until the session ends."""
    if not _shake_hands(channel, properties):
        channel.end(
            "Handshake timed out. Please ensure that you have the latest version of the session manager plugin."
        )
        return
    _Forwarding(channel, connect).run()
    channel.end()


def _shake_hands(channel: Channel, properties: Mapping[str, Any]) -> bool:
    """Do the handshake with the client. Other messages until then are lost, although they were acknowledged."""
    action = {
        "ActionType": "SessionType",
        "ActionParameters": {"SessionType": "Port", "Properties": {"type": "LocalPortForwarding", **properties}},
    }
    request = {"AgentVersion": AGENT_VERSION, "RequestedClientActions": [action]}
    channel.emit(json.dumps(request).encode(), wire.HANDSHAKE_REQUEST)
    began = time.monotonic()
    while (left := began + HANDSHAKE_SECONDS - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            message = channel.inputs.get(timeout=left)
            if message is None:
                return False
            if message.payload_type == wire.HANDSHAKE_RESPONSE:
                told = {"HandshakeTimeToComplete": int((time.monotonic() - began) * 1e9), "CustomerMessage": ""}
                channel.emit(json.dumps(told).encode(), wire.HANDSHAKE_COMPLETE)
                return True
    return False


class _Forwarding:
    def __init__(self, channel: Channel, connect: Connect) -> None:
        self._channel, self._connect = channel, connect
        self._open: dict[int, Connection] = {}
        self._sending = threading.Lock()

    def run(self) -> None:
        buffer = bytearray()
        while (message := self._channel.inputs.get()) is not None:
            if message.payload_type == wire.FLAG and int.from_bytes(message.payload, "big") == _TERMINATE:
                break
            if message.payload_type == wire.DATA:
                buffer += message.payload
                self._take(buffer)
        for connection in list(self._open.values()):
            connection.close()

    def _take(self, buffer: bytearray) -> None:
        while len(buffer) >= _HEAD.size:
            _, command, length, number = _HEAD.unpack_from(buffer)
            if len(buffer) < _HEAD.size + length:
                return
            content = bytes(buffer[_HEAD.size : _HEAD.size + length])
            del buffer[: _HEAD.size + length]
            if command == _SYN:
                self._begin(number)
            elif (connection := self._open.get(number)) is None:
                continue
            elif command == _PSH:
                with contextlib.suppress(OSError):
                    connection.sendall(content)
            elif command == _FIN:
                self._open.pop(number)
                connection.close()

    def _begin(self, number: int) -> None:
        try:
            connection = self._open[number] = self._connect()
        except OSError:
            self._channel.emit(CONNECT_FAILED, wire.FLAG)
            self._send(_FIN, number)
            return
        threading.Thread(target=self._return, args=(number, connection), daemon=True).start()

    def _return(self, number: int, connection: Connection) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := connection.recv(_PIECE):
                self._send(_PSH, number, data)
        if self._open.pop(number, None):
            connection.close()
            self._send(_FIN, number)

    def _send(self, command: int, number: int, data: bytes = b"") -> None:
        with self._sending:
            self._channel.emit(_HEAD.pack(1, command, len(data), number) + data)
