"""The messages of a session's data channel: each byte at its place in AWS's client and agent."""

from __future__ import annotations

import contextlib
import hashlib
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.session import frames
from provisioner.session.frames import BadFrame, Frame, Payload

ID = UUID("dd01e56b-ff48-483e-a508-b5f073f31b16")
INPUT = Frame(frames.INPUT, 7, ID, b"echo hi\n", Payload.DATA, frames.SYN, 1503434274948)


def test_each_part_of_a_message_is_where_aws_has_it() -> None:
    data = frames.encoded(INPUT)
    parts = {
        "header length": (0, (116).to_bytes(4, "big")),
        "type": (4, b"input_stream_data".ljust(32)),
        "schema": (36, (1).to_bytes(4, "big")),
        "created": (40, (1503434274948).to_bytes(8, "big")),
        "sequence": (48, (7).to_bytes(8, "big")),
        "flags": (56, (1).to_bytes(8, "big")),
        # the id's second half comes first
        "id": (64, bytes.fromhex("a508b5f073f31b16dd01e56bff48483e")),
        "digest": (80, hashlib.sha256(b"echo hi\n").digest()),
        "payload type": (112, (1).to_bytes(4, "big")),
        "payload length": (116, (8).to_bytes(4, "big")),
        "payload": (120, b"echo hi\n"),
    }
    assert {name: data[at : at + len(part)] for name, (at, part) in parts.items()} == {
        name: part for name, (_, part) in parts.items()
    }
    assert len(data) == 128
    assert frames.decoded(data) == INPUT


def test_an_acknowledgement_names_what_has_come() -> None:
    answer = frames.acknowledgement(INPUT, ID)
    assert json.loads(answer.payload) == {
        "AcknowledgedMessageType": "input_stream_data",
        "AcknowledgedMessageId": str(ID),
        "AcknowledgedMessageSequenceNumber": 7,
        "IsSequentialMessage": True,
    }
    assert (answer.kind, answer.flags, frames.acknowledged(answer)) == ("acknowledge", 3, 7)


def test_nul_bytes_pad_a_type_as_well_and_headers_may_grow() -> None:
    data = bytearray(frames.encoded(INPUT))
    data[4:36] = b"input_stream_data".ljust(32, b"\0")
    data[:4] = (120).to_bytes(4, "big")
    data[116:116] = b"more"
    assert frames.decoded(bytes(data)) == INPUT


@pytest.mark.parametrize("cut", [0, 4, 119, 127])
def test_what_is_not_whole_is_no_message(cut: int) -> None:
    with pytest.raises(BadFrame):
        frames.decoded(frames.encoded(INPUT)[:cut])


def test_a_payload_that_is_not_its_digests_is_refused() -> None:
    with pytest.raises(BadFrame, match="digest"):
        frames.decoded(frames.encoded(INPUT)[:-1] + b"!")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadFrame):
        frames.decoded(data)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b'{"AcknowledgedMessageSequenceNumber": null}'])
def test_an_acknowledgement_of_nothing_is_refused(payload: bytes) -> None:
    with pytest.raises(BadFrame):
        frames.acknowledged(Frame(frames.ACKNOWLEDGE, 0, ID, payload))
