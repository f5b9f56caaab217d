"""WebSockets of our own: by the RFC's examples, and with another implementation at the other end."""

from __future__ import annotations

import base64
import os
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from ecs_emulator.sessions import wire
from provisioner.session import websocket
from provisioner.session.websocket import BINARY, CLOSE, PING, TEXT, Reader, Refused, Violation
from tests.unit.session.rig import handing_over


def test_the_examples_of_the_rfc() -> None:
    """RFC 6455, 5.7."""
    hello = bytes.fromhex("810548656c6c6f")
    parts = bytes.fromhex("010348656c") + bytes.fromhex("80026c6f")
    assert list(Reader().feed(hello)) == [(TEXT, b"Hello")]
    # a control frame may come between the parts of a message
    assert list(Reader().feed(parts[:5] + bytes.fromhex("890548656c6c6f") + parts[5:])) == [
        (PING, b"Hello"),
        (TEXT, b"Hello"),
    ]
    assert list(Reader().feed(b"\x82\x7e\x01\x00" + bytes(256))) == [(BINARY, bytes(256))]
    assert list(Reader().feed(b"\x82\x7f" + struct.pack(">Q", 65536) + bytes(65536))) == [(BINARY, bytes(65536))]
    assert wire.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@given(st.lists(st.binary(max_size=70_000), max_size=5), st.lists(st.integers(1, 5000), min_size=1))
def test_pieces_of_any_size_are_the_same_messages(payloads: list[bytes], sizes: list[int]) -> None:
    data, found, reader = b"".join(_served(one) for one in payloads), list[tuple[int, bytes]](), Reader()
    while data:
        size = sizes[len(found) % len(sizes)]
        found += reader.feed(data[:size])
        data = data[size:]
    assert found == [(BINARY, one) for one in payloads]


def _served(payload: bytes) -> bytes:
    length = len(payload)
    head = bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length)
    return b"\x82" + (head if length < 1 << 16 else b"\x7f" + struct.pack(">Q", length)) + payload


@pytest.mark.parametrize(
    "data",
    [b"\xc2\x00", b"\x82\x85abcdhello", b"\x80\x00", b"\x01\x00\x01\x00", b"\x82\x7f" + struct.pack(">Q", 1 << 40)],
    ids=["extension", "masked", "rest of none", "within a message", "too large"],
)
def test_what_is_no_websocket_is_a_violation(data: bytes) -> None:
    with pytest.raises(Violation):
        list(Reader().feed(data))


@pytest.fixture
def stranger() -> Iterator[str]:
    """Yield the URL of a server by the package `websockets` that sends each message back."""

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(echo, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1/x?role=publish_subscribe"
        server.shutdown()
        thread.join()


def test_a_server_of_others_understands_the_client(stranger: str) -> None:
    connection, rest = websocket.opened(stranger, {"X-Own": "1"})
    payloads = [b"", b"x", os.urandom(125), os.urandom(126), os.urandom(65_535), os.urandom(70_000)]
    with connection:
        connection.setblocking(True)
        reader, found = Reader(), list[tuple[int, bytes]]()
        for payload in payloads:
            connection.sendall(websocket.message(BINARY, payload))
        connection.sendall(websocket.message(PING, b"keepalive"))
        found += reader.feed(rest)
        while len(found) <= len(payloads):
            found += reader.feed(connection.recv(1 << 16))
        connection.sendall(websocket.message(CLOSE, (1000).to_bytes(2, "big")))
        while data := connection.recv(1 << 16):
            found += reader.feed(data)
    assert [payload for opcode, payload in found if opcode == BINARY] == payloads
    assert (websocket.PONG, b"keepalive") in found
    assert found[-1][0] == CLOSE


def test_a_client_of_others_understands_the_cloud() -> None:
    def echo(rfile: Any, wfile: Any) -> None:
        for opcode, content in wire.messages(rfile):
            wfile.write(wire.put(opcode, content))
            wfile.flush()
            if opcode == wire.CLOSE:
                return

    with handing_over(echo) as url, connect(url, compression=None, proxy=None) as client:
        for payload in (b"", b"x" * 125, os.urandom(126), os.urandom(60_000)):
            client.send(payload)
            assert client.recv(timeout=10) == payload


def test_a_refusal_tells_status_and_reason() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        connection.close()

    threading.Thread(target=refuse, daemon=True).start()
    with listener, pytest.raises(Refused, match="HTTP 403 Forbidden") as refused:
        websocket.opened(f"ws://127.0.0.1:{listener.getsockname()[1]}/", {})
    assert refused.value.status == 403


@pytest.mark.parametrize("url", ["ws://ssmmessages.eu-west-1.amazonaws.com/x", "ws://127.0.0.1.example.com/"])
def test_nothing_but_this_machine_is_spoken_to_without_tls(url: str) -> None:
    with pytest.raises(Violation, match="without TLS"):
        websocket.opened(url, {})


# what has a meaning in a URL is encoded in it
@pytest.mark.parametrize(("written", "login"), [("me:pass", b"me:pass"), ("me:p%40s%3As", b"me:p@s:s")])
def test_a_proxy_is_asked_for_a_way_to_the_host(written: str, login: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    asked = list[bytes]()

    def proxy() -> None:
        connection, _ = listener.accept()
        asked.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        connection.close()

    thread = threading.Thread(target=proxy, daemon=True)
    thread.start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://{written}@127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with listener, pytest.raises(OSError, match="407"):
        websocket.opened("wss://ssmmessages.eu-west-1.amazonaws.com/v1/x", {})
    thread.join()
    assert asked[0].startswith(b"CONNECT ssmmessages.eu-west-1.amazonaws.com:443 ")
    assert base64.b64encode(login) in asked[0]
