"""Encode and decode the messages of a session's data channel (amazon-ssm-agent, agent/session/contracts)."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

INPUT, OUTPUT = "input_stream_data", "output_stream_data"
"""The types of the client's and of the agent's messages with data."""
ACKNOWLEDGE, CLOSED = "acknowledge", "channel_closed"
SCHEMA = 1
SYN, FIN = 1, 2
LARGEST = 1024
"""The most bytes of a payload that AWS's own client and agent send."""
_HEADER = struct.Struct(">I32sIQqQ16s32sI")
_LENGTH = struct.Struct(">I")


class BadFrame(ValueError):
    """Received bytes are no message, or have another digest: they count as lost, and are sent again."""


class Payload(IntEnum):
    """The kinds of a message's content."""

    NONE = 0
    DATA = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    CHALLENGE_REQUEST = 8
    CHALLENGE_RESPONSE = 9
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


class Flag(IntEnum):
    """The meanings of a payload of kind `FLAG`, in four bytes."""

    DISCONNECT_PORT = 1
    TERMINATE = 2
    CONNECT_FAILED = 3


@dataclass(frozen=True)
class Frame:
    """One message.

    Attributes:
        kind: the message's type, such as `INPUT`.
        sequence: its number among its sender's messages with data, from 0.
        payload_type: a `Payload`, or an unknown number.
        created: milliseconds since the epoch.
    """

    kind: str
    sequence: int
    id: UUID
    payload: bytes = b""
    payload_type: int = Payload.NONE
    flags: int = 0
    created: int = 0


def encoded(frame: Frame) -> bytes:
    """Return the bytes of a message."""
    swapped = frame.id.bytes[8:] + frame.id.bytes[:8]
    head = _HEADER.pack(
        _HEADER.size,
        frame.kind.encode().ljust(32),
        SCHEMA,
        frame.created,
        frame.sequence,
        frame.flags,
        swapped,
        hashlib.sha256(frame.payload).digest(),
        frame.payload_type,
    )
    return head + _LENGTH.pack(len(frame.payload)) + frame.payload


def decoded(data: bytes) -> Frame:
    """Return the message in some bytes.

    Raises:
        BadFrame: the bytes are no message, or not a whole one.
    """
    if len(data) < _HEADER.size + _LENGTH.size:
        raise BadFrame(f"{len(data)} bytes are no message")
    size, kind, _, created, sequence, flags, swapped, digest, payload_type = _HEADER.unpack_from(data)
    # a longer header of a later schema has its additions at its end
    start = size + _LENGTH.size
    if not _HEADER.size <= size <= len(data) - _LENGTH.size:
        raise BadFrame(f"a header of {size} bytes")
    (length,) = _LENGTH.unpack_from(data, size)
    payload = data[start : start + length]
    if len(payload) != length or (payload and hashlib.sha256(payload).digest() != digest):
        raise BadFrame("the payload does not match its digest")
    identifier = UUID(bytes=swapped[8:] + swapped[:8])
    name = kind.rstrip(b" \0").decode("ascii", "replace")
    return Frame(name, sequence, identifier, payload, payload_type, flags, created)


def acknowledgement(frame: Frame, identifier: UUID, created: int = 0) -> Frame:
    """Return the message that acknowledges another one."""
    told = {
        "AcknowledgedMessageType": frame.kind,
        "AcknowledgedMessageId": str(frame.id),
        "AcknowledgedMessageSequenceNumber": frame.sequence,
        "IsSequentialMessage": True,
    }
    return Frame(ACKNOWLEDGE, 0, identifier, json.dumps(told).encode(), flags=SYN | FIN, created=created)


def acknowledged(frame: Frame) -> int:
    """Return the sequence number that an acknowledgement names.

    Raises:
        BadFrame: it has no sequence number.
    """
    try:
        return int(json.loads(frame.payload)["AcknowledgedMessageSequenceNumber"])
    except (ValueError, KeyError, TypeError):
        raise BadFrame("an acknowledgement of nothing") from None
