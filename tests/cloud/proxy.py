"""A way to the embedded cloud where chosen calls are refused, as by a policy or a service of AWS, or never answered."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from tests.cloud.world import own

Garble = Callable[[bytes, bytes], bytes]
"""Makes another answer of a request and its answer."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        upstream: str,
        refusals: Mapping[str, str],
        unanswered: Callable[[str], bool],
        garbled: Mapping[str, Garble] = MappingProxyType({}),
    ) -> None:
        self.upstream = own.served(upstream).removeprefix("http://")
        self.refusals, self.unanswered = refusals, unanswered
        self.garbled = garbled
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        if "Upgrade" in self.headers:
            self._connect()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.unanswered(f"{self.command} {self.path}"):
            self.server.over.wait()
            self.close_connection = True
            return
        form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"))) if b"Action=" in body else {}
        operation = form.get("Action") or (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        if code := self.server.refusals.get(operation):
            message = f"{operation} is refused here" + (f", as if to give all away: {body!r}" if form else "")
            self._answer(400, [], _refusal(code, message, xml=bool(form)))
        else:
            status, headers, content = self._forwarded(body)
            garble = self.server.garbled.get(operation)
            self._answer(status, headers, garble(body, content) if garble else content)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815  (the standard library's names)

    def _forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=120)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _connect(self) -> None:
        """Let both ends talk, for as long as they like."""
        host, _, port = self.server.upstream.partition(":")
        with socket.create_connection((host, int(port))) as upstream:
            upstream.sendall(f"{self.requestline}\r\n{self.headers}".encode())
            back = threading.Thread(target=_pass_on, args=(upstream, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, upstream)
            back.join()
        self.close_connection = True

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding", "server", "date"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _refusal(code: str, message: str, *, xml: bool) -> bytes:
    """A refusal in the words of a JSON or of a query service."""
    if not xml:
        return json.dumps({"__type": code, "message": message}).encode()
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode()


@contextmanager
def refusing(endpoint: str, refusals: dict[str, str]) -> Iterator[str]:
    """Give the address of a way to `endpoint` on which operations of JSON and query services are refused, by code.

    A query service repeats the whole request in its refusal. The dictionary may change while the way is open.
    """
    with _open(_Server(endpoint, refusals, lambda request: False)) as address:
        yield address


@contextmanager
def garbling(endpoint: str, garbled: Mapping[str, Garble]) -> Iterator[str]:
    """Give the address of a way to `endpoint` on which the answers to some operations are made into others."""
    with _open(_Server(endpoint, {}, lambda request: False, garbled)) as address:
        yield address


@contextmanager
def leaving_unanswered(endpoint: str, unanswered: Callable[[str], bool]) -> Iterator[str]:
    """Give the address of a way to `endpoint` on which requests such as `PUT /bucket/key` are read and not answered.

    Args:
        unanswered: is asked about each request; if it returns true, the request waits until the way is closed.
    """
    with _open(_Server(endpoint, {}, unanswered)) as address:
        yield address


@contextmanager
def _open(server: _Server) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
