"""Targets that speak TLS or HTTP/2, as a load balancer on this machine asks them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecs_emulator.containers import speaking, targets
from ecs_emulator.containers.certificate import write_certificate
from ecs_emulator.sockets import listening

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
Answer = Callable[[bytes], bytes]


@contextmanager
def program(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a program that answers the first bytes of each connection."""

    def serve() -> None:
        while True:
            try:
                opened, _ = place.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(opened, server_side=True) if context else opened as one:
                    one.sendall(answer(one.recv(4096)))
            except OSError:
                continue

    with listening() as place:
        place.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield place.getsockname()[1]
        place.shutdown(socket.SHUT_RDWR)
        place.close()
    thread.join()


@pytest.fixture
def certified(tmp_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(tmp_path, ("a.test",)))
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def target(port: int, *, tls: bool = False, http2: bool = False) -> targets.TaskTarget:
    return targets.TaskTarget(port, "/", 2.0, 1.0, "200", 1, 1, 0.0, let_in=True, tls=tls, http2=http2)


def test_any_certificate_of_a_target_is_accepted(certified: ssl.SSLContext) -> None:
    with program(lambda _: PLAIN, certified) as port:
        assert targets._failure_now(target(port, tls=True)) == ""


def test_a_target_without_tls_fails_a_check_by_https() -> None:
    with program(lambda _: PLAIN) as port:
        assert targets._failure_now(target(port, tls=True)) == targets.FAILED


@pytest.mark.parametrize("tls", [False, True])
def test_a_target_of_http2_answers_with_its_settings(certified: ssl.SSLContext, tls: bool) -> None:
    with program(lambda _: SETTINGS, certified if tls else None) as port:
        assert speaking.speaks_http2(port, 2.0, tls=tls)
        assert targets._failure_now(target(port, tls=tls, http2=True)) == ""


def test_a_target_of_http1_does_not_speak_http2() -> None:
    with program(lambda _: PLAIN) as port:
        assert targets._failure_now(target(port, http2=True)) == targets.FAILED
