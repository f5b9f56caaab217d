"""A WebSocket client on the standard library (RFC 6455): its messages as bytes, and the opening handshake."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import secrets
import socket
import ssl
import struct
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LARGEST = 1 << 20
"""The most bytes of a message: a session's messages have 1,144."""
OPEN_SECONDS = 10.0
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HEAD_BYTES = 1 << 16


class Refused(ConnectionError):
    """The server opens no WebSocket.

    Args:
        status: the HTTP status of its answer.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Violation(ConnectionError):
    """Received bytes break the WebSocket protocol."""


def message(opcode: int, payload: bytes) -> bytes:
    """Return the bytes of a client's message: masked."""
    length = len(payload)
    head = bytes([0x80 | opcode])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 1 << 16:
        head += bytes([0x80 | 126]) + struct.pack(">H", length)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", length)
    mask = secrets.token_bytes(4)
    return head + mask + _masked(payload, mask)


def _masked(payload: bytes, mask: bytes) -> bytes:
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")


@dataclass
class Reader:
    """A parser that takes received bytes in pieces of any size, and returns the messages in them."""

    _buffer: bytearray = field(default_factory=bytearray)
    _opcode: int = 0
    _parts: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the messages that are complete by now: opcode and payload.

        Raises:
            Violation: a message breaks the protocol, or is too large.
        """
        self._buffer += data
        while (found := self._frame()) is not None:
            last, opcode, payload = found
            if opcode >= CLOSE:
                yield opcode, payload
                continue
            if bool(opcode) == bool(self._opcode):
                raise Violation("a message within a message, or the rest of none")
            self._opcode = opcode or self._opcode
            self._parts += payload
            if len(self._parts) > LARGEST:
                raise Violation("a message that is too large")
            if last:
                whole, self._parts = bytes(self._parts), bytearray()
                kind, self._opcode = self._opcode, 0
                yield kind, whole

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """Return the first received frame if it is complete: whether it ends a message, opcode, payload."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        if buffer[0] & 0x70 or buffer[1] & 0x80:
            raise Violation("an extension that was not asked for, or a mask")
        short = buffer[1] & 0x7F
        start = 2 + {126: 2, 127: 8}.get(short, 0)
        if len(buffer) < start:
            return None
        length = short if short < 126 else int.from_bytes(buffer[2:start], "big")
        if length > LARGEST:
            raise Violation("a frame that is too large")
        if len(buffer) < start + length:
            return None
        found = bool(buffer[0] & 0x80), buffer[0] & 0x0F, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return found


def opened(url: str, headers: Mapping[str, str], certificates: str | None = None) -> tuple[socket.socket, bytes]:
    """Open a WebSocket, through the proxy of the environment if it has one for that host.

    Args:
        url: begins with `wss://`; or with `ws://`, for this machine only.
        headers: the request's headers besides the WebSocket's own.
        certificates: a file with the trusted authorities, in place of the system's.

    Returns:
        The connection, which does not block, and the bytes received after the server's answer.

    Raises:
        Refused: the server answers otherwise.
        OSError: the server cannot be reached.
    """
    there = urlsplit(url)
    connection = _connected(there, certificates)
    try:
        key = base64.b64encode(os.urandom(16))
        target = (there.path or "/") + (f"?{there.query}" if there.query else "")
        own = {
            "Host": there.netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key.decode(),
            "Sec-WebSocket-Version": "13",
        }
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in {**headers, **own}.items())]
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        rest = _answered(connection, key)
    except BaseException:
        connection.close()
        raise
    connection.setblocking(False)
    return connection, rest


def _connected(there: SplitResult, certificates: str | None) -> socket.socket:
    """Return a connection to a server, with TLS except on this machine."""
    host = there.hostname or ""
    if there.scheme == "ws":
        if host not in {"127.0.0.1", "localhost"} and not host.endswith(".localhost"):
            raise Violation(f"{there.netloc} would be spoken to without TLS")
        return socket.create_connection((host, there.port or 80), OPEN_SECONDS)
    context = ssl.create_default_context(cafile=certificates)
    proxy = "" if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https", "")
    if not proxy:
        connection = http.client.HTTPSConnection(host, there.port or 443, timeout=OPEN_SECONDS, context=context)
    else:
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if not through.hostname:
            raise Violation("HTTPS_PROXY names no host")
        connection = http.client.HTTPSConnection(
            through.hostname, through.port or 3128, timeout=OPEN_SECONDS, context=context
        )
        login = unquote(f"{through.username or ''}:{through.password or ''}")
        greeting = {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login != ":" else {}
        connection.set_tunnel(host, there.port or 443, greeting)
    connection.connect()
    return connection.sock


def _answered(connection: socket.socket, key: bytes) -> bytes:
    """Read the answer to the request, and return the bytes received after it."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece or len(head) > _HEAD_BYTES:
            raise Violation("the server closed the connection before it answered")
        head += piece
    head, _, rest = head.partition(b"\r\n\r\n")
    line, *others = head.decode("latin-1").split("\r\n")
    words = line.split(" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    fields = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in others)}
    if status != 101:
        raise Refused(status, f"HTTP {status} {''.join(words[2:])}".rstrip())
    proof = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if fields.get("sec-websocket-accept") != proof:
        raise Violation("the server's answer is not one to this request")
    return rest
