"""The embedded cloud's HTTP server among strangers: they are few, and do not block callers with the key."""

from __future__ import annotations

import contextlib
import http.client
import io
import itertools
import os
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import wsgi
from ecs_emulator.connections import (
    LARGEST_HEAD,
    Incoming,
    Strangers,
    drain,
    most_strangers,
    raise_limit,
)
from ecs_emulator.containers.certificate import write_certificate
from ecs_emulator.sockets import listening
from ecs_emulator.wsgi import Environ, Rejected, Server, StartResponse

HANGS = 60.0
"""Seconds after which a test counts as hanging."""
KEY = {"Authorization": "key"}


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection: its end here, and that of a stranger."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(HANGS)
        yield ours, theirs


# -- how long a request may take ---------------------------------------------------------------------------------------


def test_a_head_that_comes_byte_by_byte_is_cut_off(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    incoming, began = Incoming(ours), time.monotonic()
    incoming.await_head(HANGS, 0.3)

    def read() -> None:
        while time.monotonic() < began + HANGS:
            time.sleep(0.001)  # fewer bytes than a head may have, and it is never silent
            theirs.send(b"x")
            incoming.readinto(bytearray(1))

    with pytest.raises(TimeoutError, match="head of the request"):
        read()


def test_only_a_silence_counts_in_a_body(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    incoming = Incoming(ours)
    incoming.await_head(HANGS, 0.01)
    theirs.send(b"x")
    incoming.readinto(bytearray(1))
    incoming.await_body(HANGS)
    time.sleep(0.02)
    theirs.send(b"y")
    assert incoming.readinto(bytearray(1)) == 1
    incoming.await_body(0.01)
    with pytest.raises(TimeoutError):
        incoming.readinto(bytearray(1))


def test_a_head_has_a_largest_size_and_what_follows_has_none(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    incoming, piece = Incoming(ours), bytes(LARGEST_HEAD // 4)
    stream = io.BufferedReader(incoming)
    incoming.await_body(HANGS)
    for _ in range(8):
        theirs.sendall(piece)
        assert stream.read(len(piece)) == piece
    incoming.await_head(HANGS, HANGS)
    for _ in range(4):
        theirs.sendall(piece)
        stream.read(len(piece))
    theirs.sendall(b"x")
    with pytest.raises(ConnectionResetError, match="too large"):
        stream.read(1)


def test_a_refused_senders_body_is_read_up_to_a_bound(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(bytes(100_000))
    drain(ours, 50_000, HANGS)
    left = 0
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while piece := ours.recv(65536):
            left += len(piece)
    assert 0 < left <= 50_000
    assert theirs.recv(1) == b"", "it is told that nothing more will come"


# -- how many there may be ---------------------------------------------------------------------------------------------


class Callers:
    """Connections to one `Strangers`, by name, and which of them were closed."""

    def __init__(self, most: int) -> None:
        self.strangers = Strangers(most)
        self.ends: dict[str, tuple[socket.socket, socket.socket]] = {}

    def join(self, *names: str) -> None:
        """Let them connect."""
        for name in names:
            self.ends[name] = socket.socketpair()
            self.strangers.join(self.ends[name][0])

    def each(self, act: Callable[[socket.socket], object], *names: str) -> None:
        """Do something for each of them."""
        for name in names:
            act(self.ends[name][0])

    def closed(self) -> set[str]:
        """Return the names of the connections that were closed."""
        found = set()
        for name, (_, theirs) in self.ends.items():
            theirs.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                if theirs.recv(1) == b"":
                    found.add(name)
        return found


@pytest.fixture
def callers() -> Iterator[Callers]:
    """Room for three."""
    one = Callers(3)
    yield one
    for end in itertools.chain(*one.ends.values()):
        end.close()


def test_the_one_that_was_idle_longest_gives_way(callers: Callers) -> None:
    callers.join("a", "b", "c")
    assert callers.closed() == set()
    callers.each(callers.strangers.busy, "a")
    callers.each(callers.strangers.idle, "a")
    callers.join("d")
    assert callers.closed() == {"b"}
    callers.join("e", "f")
    assert callers.closed() == {"b", "c", "a"}
    assert len(callers.strangers) == 3


def test_one_in_the_middle_of_a_request_gives_way_last(callers: Callers) -> None:
    callers.join("a", "b", "c")
    callers.each(callers.strangers.busy, "a", "b")
    callers.join("d", "e")
    assert callers.closed() == {"c", "d"}
    callers.each(callers.strangers.busy, "e")
    callers.join("f")
    assert callers.closed() == {"c", "d", "a"}


def test_who_has_shown_the_key_never_gives_way(callers: Callers) -> None:
    callers.join("known")
    assert callers.strangers.leave(callers.ends["known"][0])
    for number in range(20):
        callers.join(str(number))
    assert "known" not in callers.closed()
    assert not callers.strangers.leave(callers.ends["0"][0]), "it has given way, and is no longer there to be known"


# -- the server --------------------------------------------------------------------------------------------------------


class Counting(Server):
    """Counts how often it looks for a new connection."""

    looks = 0

    def get_request(self) -> tuple[Any, Any]:
        """Count."""
        self.looks += 1
        return super().get_request()


def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Answer how long the body was."""
    size = 0
    while piece := environ["wsgi.input"].read(65536):
        size += len(piece)
    content = str(size).encode()
    start_response("200 OK", [("Content-Length", str(len(content)))])
    return [content]


def admit(environ: Environ) -> bool:
    """Admit callers with the key, and callers of `/open`."""
    if environ["PATH_INFO"] == "/open":
        return False
    if environ.get("HTTP_AUTHORIZATION") != KEY["Authorization"]:
        raise Rejected(403, "no key")
    return True


@contextlib.contextmanager
def running(server: Server) -> Iterator[int]:
    """Serve, and yield the port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def streamed(environ: Environ) -> bool:
    return str(environ["PATH_INFO"]).startswith("/streamed")


@pytest.fixture
def server() -> Counting:
    """A server that does not run yet."""
    return Counting(
        listening(),
        application,
        admit,
        streamed=lambda environ: environ["PATH_INFO"].startswith("/streamed"),
        silence=HANGS,
    )


def connected(port: int) -> socket.socket:
    """Return a new connection."""
    return socket.create_connection(("127.0.0.1", port), timeout=HANGS)


def asked(connection: http.client.HTTPConnection, path: str = "/", **more: Any) -> tuple[int, bytes]:
    """Ask over a connection that may be an earlier one."""
    connection.request("POST", path, headers=KEY, **more)
    answer = connection.getresponse()
    return answer.status, answer.read()


def head(path: str, *lines: str) -> bytes:
    """The head of a request."""
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


def test_strangers_cannot_keep_out_a_caller_with_the_key(server: Counting) -> None:
    most = most_strangers()
    with running(server) as port, contextlib.ExitStack() as held:
        early = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS)
        held.callback(early.close)
        assert asked(early, body=b"12345") == (200, b"5")
        kept = early.sock
        strangers = [held.enter_context(connected(port)) for _ in range(2 * most)]
        for stranger in strangers[::2]:
            with contextlib.suppress(OSError):
                stranger.sendall(head("/open", "Content-Length: 5"))
        late = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS)
        held.callback(late.close)
        assert asked(late, body=b"1") == (200, b"1")
        assert asked(early) == (200, b"0")
        assert early.sock is kept is not None, "the connection of who has the key has lasted"
        assert len(server.strangers) <= most


@pytest.mark.parametrize("path", ["/", "/streamed"])
def test_a_body_is_not_read_before_its_sender_is_known(server: Counting, path: str) -> None:
    with running(server) as port, connected(port) as connection:
        connection.sendall(head(path, "Content-Length: 700000000"))
        answer = connection.makefile("rb").read()
    assert answer.split()[1] == b"403"
    assert answer.endswith(b"no key")
    assert b"Connection: close" in answer


def check_cut_short(server: Counting, path: str, status: bytes) -> None:
    """Send much: it is not taken to its end, and the answer can be read."""
    size, sent = 256 << 20, 0
    with running(server) as port, connected(port) as connection:
        connection.sendall(head(path, f"Content-Length: {size}"))
        with contextlib.suppress(OSError):
            while sent < size:
                sent += connection.send(bytes(1 << 20))
        assert connection.recv(65536).startswith(b"HTTP/1.1 " + status)
    assert sent < size


def test_a_refused_sender_of_much_still_reads_the_reason(server: Counting) -> None:
    check_cut_short(server, "/", b"403")


def test_an_unread_body_of_a_stranger_stays_unread(server: Counting) -> None:
    def deaf(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []

    server.application, server.streamed = deaf, lambda _: True
    check_cut_short(server, "/open", b"503")


def test_a_stranger_that_expects_100_continue_gets_none(server: Counting) -> None:
    with running(server) as port:
        with connected(port) as connection:
            connection.sendall(head("/", "Content-Length: 3", "Expect: 100-continue"))
            assert connection.makefile("rb").read().startswith(b"HTTP/1.1 403")
        with connected(port) as connection:
            connection.sendall(head("/", "Content-Length: 3", "Expect: 100-continue", "Authorization: key"))
            answers = connection.makefile("rb")
            assert answers.readline().startswith(b"HTTP/1.1 100")
            connection.sendall(b"abc")
            assert answers.readline() == b"\r\n"
            assert answers.readline().startswith(b"HTTP/1.1 200")


@contextlib.contextmanager
def no_descriptors() -> Iterator[list[int]]:
    """Use up all files that this process may open; yield the unused ones."""
    limits, held = resource.getrlimit(resource.RLIMIT_NOFILE), list[int]()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(int(one.name) for one in Path("/dev/fd").iterdir()) + 8, limits[1]))
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.dup(0))
        yield held
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_without_a_free_descriptor_a_stranger_makes_room(server: Counting) -> None:
    with running(server) as port, connected(port) as stranger, socket.socket() as new:
        stranger.sendall(head("/open"))
        assert stranger.recv(65536).startswith(b"HTTP/1.1 200")
        new.settimeout(HANGS)
        with no_descriptors():
            new.connect(("127.0.0.1", port))
            new.sendall(head("/", "Authorization: key"))
            assert new.recv(65536).startswith(b"HTTP/1.1 200")
        assert stranger.recv(1) == b""


def test_the_server_waits_without_a_free_descriptor(server: Counting) -> None:
    with running(server) as port, connected(port) as known, socket.socket() as new:
        known.sendall(head("/", "Authorization: key"))
        assert known.recv(65536).startswith(b"HTTP/1.1 200")
        new.settimeout(HANGS)
        with no_descriptors() as held:
            new.connect(("127.0.0.1", port))
            new.sendall(head("/", "Authorization: key"))
            before, began = server.looks, time.monotonic()
            time.sleep(0.5)
            most = (time.monotonic() - began) / wsgi._FULL_SECONDS + 2
            assert 0 < server.looks - before <= most
            os.close(held.pop())
            assert new.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_handshake_that_never_comes_keeps_nobody_out(server: Counting, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = write_certificate(tmp_path, ["app.example.com"])
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with running(server) as port, contextlib.ExitStack() as held:
        for number in range(2 * most_strangers()):
            stranger = held.enter_context(connected(port))
            with contextlib.suppress(OSError):
                # the beginning of a handshake, or other bytes
                stranger.sendall(b"\x16\x03\x01\x02\x00\x01" if number % 2 else b"GET / HTTP/1.1\r\n\r\n")
        visitor = http.client.HTTPSConnection("127.0.0.1", port, timeout=HANGS, context=trusting)
        held.callback(visitor.close)
        assert asked(visitor, "/open") == (200, b"0")
        assert len(server.strangers) <= most_strangers()


@pytest.mark.parametrize(("soft", "most"), [(256, 32), (1024, 128), (20_000, 128)])
def test_strangers_are_few_beside_what_the_process_may_open(soft: int, most: int) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, limits[1]))
    try:
        assert most_strangers() == most
        raise_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (max(soft, min(4096, limits[1])), limits[1])
        assert most_strangers() == 128
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
