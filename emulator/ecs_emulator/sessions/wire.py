"""The protocol of a data channel: WebSocket messages of a server, with the messages of a session in them.

Sources: RFC 6455; amazon-ssm-agent, `agent/session/contracts`. The tool's client has its own code for both.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
DATA, SIZE, HANDSHAKE_REQUEST, HANDSHAKE_RESPONSE, HANDSHAKE_COMPLETE, FLAG = 1, 3, 5, 6, 7, 10
INPUT, OUTPUT = "input_stream_data", "output_stream_data"
ACKNOWLEDGE, CLOSED = "acknowledge", "channel_closed"
_MOST = 1 << 20
_FIXED = 116


class Broken(ConnectionError):
    """A message does not follow the protocol."""


def accept(key: str) -> str:
    """Return a WebSocket server's proof for a client's key."""
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1((key + guid).encode(), usedforsecurity=False).digest()).decode()


def put(opcode: int, payload: bytes) -> bytes:
    """Return the bytes of a WebSocket message from a server."""
    length = len(payload)
    if length < 126:
        return bytes([0x80 | opcode, length]) + payload
    return bytes([0x80 | opcode, 126]) + struct.pack(">H", length) + payload


def messages(stream: Any) -> Iterator[tuple[int, bytes]]:
    """Yield the WebSocket messages of a client until it hangs up; raises `Broken`."""
    whole, kind = b"", 0
    while len(head := stream.read(2)) == 2:
        if not head[1] & 0x80:
            raise Broken("a client masks what it sends")
        length = head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(stream.read(2 if length == 126 else 8), "big")
        if length > _MOST:
            raise Broken("a message that is too large")
        mask, content = stream.read(4), stream.read(length)
        if len(content) < length:
            return
        opcode, content = head[0] & 0x0F, _unmasked(content, mask)
        if opcode >= CLOSE:
            yield opcode, content
            continue
        whole, kind = whole + content, opcode or kind
        if head[0] & 0x80:
            yield kind, whole
            whole = b""


def _unmasked(content: bytes, mask: bytes) -> bytes:
    length = len(content)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(content, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")


@dataclass(frozen=True)
class Message:
    """A message of a session."""

    kind: str
    sequence: int
    payload_type: int
    payload: bytes
    id: bytes = b""


def pack(message: Message) -> bytes:
    """Return the bytes of a message."""
    digest = hashlib.sha256(message.payload).digest()
    head = b"".join(
        (
            struct.pack(">I", _FIXED),
            message.kind.encode().ljust(32),
            struct.pack(">IQqQ", 1, int(time.time() * 1000), message.sequence, 1 if message.sequence == 0 else 0),
            uuid.uuid4().bytes,
            digest,
            struct.pack(">II", message.payload_type, len(message.payload)),
        )
    )
    return head + message.payload


def unpack(data: bytes) -> Message:
    """Return the message from its bytes.

    Raises:
        Broken: they are no message, or do not match their digest.
    """
    if len(data) < _FIXED + 4:
        raise Broken("no message")
    size = int.from_bytes(data[:4], "big")
    payload = data[size + 4 :]
    if hashlib.sha256(payload).digest() != data[80:112] or int.from_bytes(data[size : size + 4], "big") != len(payload):
        raise Broken("not what its digest says")
    kind = data[4:36].decode("ascii", "replace").strip(" \0")
    sequence, payload_type = int.from_bytes(data[48:56], "big", signed=True), int.from_bytes(data[112:116], "big")
    return Message(kind, sequence, payload_type, payload, data[64:80])


def acknowledgement(of: Message) -> Message:
    """Return the acknowledgement of a message."""
    identifier = uuid.UUID(bytes=of.id[8:] + of.id[:8])
    told = {
        "AcknowledgedMessageType": of.kind,
        "AcknowledgedMessageId": str(identifier),
        "AcknowledgedMessageSequenceNumber": of.sequence,
        "IsSequentialMessage": True,
    }
    return Message(ACKNOWLEDGE, 0, 0, json.dumps(told).encode())


def closing(session: str, output: str) -> Message:
    """Return the message by which the service closes a channel."""
    told = {
        "MessageType": CLOSED,
        "MessageSchemaVersion": "1.0",
        "SessionId": session,
        "DestinationId": session,
        "Output": output,
    }
    return Message(CLOSED, 0, 0, json.dumps(told).encode())
