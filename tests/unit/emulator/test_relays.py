"""Data through a relay's program and the embedded cloud's end of it, without the engine between them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from ecs_emulator.containers import relay_program, relays
from ecs_emulator.sockets import listening
from tests.ports import free_port

SECONDS = 20


@dataclass
class Way:
    """A relay between a port, as containers see it, and a server, which is handed each connection."""

    port: int
    relay: relays.Relay
    process: subprocess.Popen[bytes]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)


@contextlib.contextmanager
def way(serve: Callable[[socket.socket], None] | None) -> Iterator[Way]:
    """A way to a server that does this with each connection; without it nobody listens there."""
    listener = listening()
    to = listener.getsockname()[1]

    def accept() -> None:
        with contextlib.suppress(OSError):
            while serve:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    if serve is None:
        listener.close()
    threading.Thread(target=accept, daemon=True).start()
    port = free_port()
    program = [sys.executable, relay_program.__file__, str(port)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        source, sink = process.stdout.fileno(), process.stdin.fileno()

        def send(content: bytes) -> None:
            while content:
                content = content[os.write(sink, content) :]

        relay = relays.Relay(send, to)
        reader = threading.Thread(target=relay.serve, args=(iter(lambda: os.read(source, 70_000), b""),), daemon=True)
        reader.start()
        assert relay.ready.wait(SECONDS)
        yield Way(port, relay, process)
        process.kill()
        reader.join(SECONDS)
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def everything(connection: socket.socket) -> bytes:
    """Return all bytes until the other side ends."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def echo(connection: socket.socket) -> None:
    """Answer the received bytes, reversed, once all have arrived."""
    with connection:
        connection.sendall(everything(connection)[::-1])


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_what_is_sent_arrives_and_the_answer_too(size: int) -> None:
    content = os.urandom(size)
    with way(echo) as there, there.connect() as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == content[::-1]


def test_many_connections_are_kept_apart() -> None:
    with way(echo) as there, contextlib.ExitStack() as stack:
        opened = [stack.enter_context(there.connect()) for _ in range(20)]
        for number, connection in enumerate(opened):
            connection.sendall(f"{number} ".encode() * 5000)
        for connection in reversed(opened):
            connection.shutdown(socket.SHUT_WR)
        for number, connection in enumerate(opened):
            assert everything(connection) == (f"{number} ".encode() * 5000)[::-1]


def test_an_answer_that_nobody_reads_holds_up_no_other() -> None:
    def large(connection: socket.socket) -> None:
        with connection:
            asked = connection.recv(1)
            connection.sendall(asked * (20_000_000 if asked == b"l" else 3))

    with way(large) as there, there.connect() as unread, there.connect() as other:
        unread.sendall(b"l")
        assert unread.recv(1) == b"l"
        other.sendall(b"s")
        assert everything(other) == b"sss"
        assert len(everything(unread)) == 20_000_000 - 1


def test_a_client_that_hangs_up_leaves_the_others_alone() -> None:
    with way(echo) as there:
        for _ in range(5):
            with there.connect() as connection:
                connection.sendall(b"never read")
        with there.connect() as connection:
            connection.sendall(b"abc")
            connection.shutdown(socket.SHUT_WR)
            assert everything(connection) == b"cba"


def test_where_nobody_listens_the_connection_ends() -> None:
    with way(None) as there, there.connect() as connection:
        connection.sendall(b"abc")
        assert everything(connection) == b""


def test_a_relay_that_is_gone_ends_its_connections() -> None:
    ended = threading.Event()

    def wait(connection: socket.socket) -> None:
        with connection:
            connection.sendall(connection.recv(1))
            everything(connection)
        ended.set()

    with way(wait) as there, there.connect() as connection:
        connection.sendall(b"a")
        assert connection.recv(1) == b"a"
        there.process.kill()
        assert ended.wait(SECONDS)
        assert there.relay.ended
