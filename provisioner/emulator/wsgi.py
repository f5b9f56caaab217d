"""A small threaded HTTP/1.1 server for one WSGI application, with keep-alive (werkzeug's closes each connection)."""

from __future__ import annotations

import io
import re
import socket
import struct
import sys
import urllib.parse
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

STREAMED = "/v2/"
"""Below this path bodies of any size come and go in pieces; all others are held in memory."""
LARGEST = 64 << 20
"""Bytes of a body that is held in memory: no call but an object of S3 comes near."""

_FIRST_SECONDS = 10
"""How long a new connection may be silent: anybody on this machine can open some."""
_IDLE_SECONDS = 300
_PIECE = 1 << 20
_FRAMING = {"content-length", "connection", "transfer-encoding", "server", "date"}


class HangUp(ConnectionError):
    """Raised by the application: the connection is reset without an answer."""


class TakeOver(Exception):
    """Raised by the application: from now on the connection is its own (HTTP/1.1, "101 Switching Protocols").

    Args:
        protocol: its name, as the client asked for it.
        talk: reads from the one stream and writes to the other for as long as it likes.
    """

    def __init__(self, protocol: str, talk: Callable[[Any, Any], None]) -> None:
        super().__init__(protocol)
        self.protocol, self.talk = protocol, talk


class Rejected(Exception):
    """A request is refused before its body is read: with a status, and one line that says why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Server(ThreadingHTTPServer):
    """Serves a socket that listens; a thread a connection.

    Args:
        check: looks at a request's headers before its body is read, and raises `Rejected` if it is refused.
    """

    daemon_threads = True

    def __init__(self, listener: socket.socket, application: Application, check: Callable[[Any], None]) -> None:
        self.application, self.check = application, check
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up in the middle are no news; anything else belongs in the log."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Body:
    """The body of one request, read from the connection as it is asked for: of a given length, or chunked."""

    def __init__(self, stream: Any, headers: Any) -> None:
        self._stream = stream
        coding = headers.get("Transfer-Encoding", "chunked").lower()
        if coding != "chunked":
            raise Rejected(HTTPStatus.NOT_IMPLEMENTED, f"bodies come chunked or of a given length, not {coding}")
        self._chunked = "Transfer-Encoding" in headers
        self._left = 0 if self._chunked else _length(headers)
        self._ended = not self._chunked

    def read(self, size: int) -> bytes:
        """Return at most so many bytes, at least one unless the body has ended."""
        self._reach()
        wanted = min(size, self._left)
        piece: bytes = self._stream.read(wanted)
        if len(piece) < wanted:
            raise ConnectionResetError("the client closed the connection during its request")
        self._left -= wanted
        if self._chunked and wanted and not self._left and self._stream.readline(3) not in (b"\r\n", b"\n"):
            raise ConnectionResetError("a chunk of the request is longer than it says")
        return piece

    def all(self) -> bytes:
        """Return what is left of it; raises `Rejected` if that is more than is held in memory."""
        pieces, held = [], 0
        self._reach()
        while held + self._left <= LARGEST and (piece := self.read(_PIECE)):
            pieces.append(piece)
            held += len(piece)
            self._reach()
        if held + self._left > LARGEST:
            raise Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {LARGEST} bytes")
        return b"".join(pieces)

    def skip(self) -> None:
        """Read to the end what nobody wanted, so that the next request can follow."""
        while self.read(_PIECE):
            pass

    def _reach(self) -> None:
        """Read on to where something is left to read, if there is."""
        if not self._left and not self._ended:
            self._next_chunk()

    def _next_chunk(self) -> None:
        line = self._stream.readline(1024).partition(b";")[0]
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", line.strip()):
            raise ConnectionResetError("a chunk of the request does not begin with its length")
        self._left = int(line, 16)
        if not self._left:
            self._ended = True
            while self._stream.readline(1024).strip():
                pass  # trailers, which nobody reads here


def _length(headers: Any) -> int:
    given = headers.get("Content-Length") or "0"
    if not re.fullmatch(r"[0-9]{1,19}", given):
        raise Rejected(HTTPStatus.BAD_REQUEST, "Content-Length is not a number of bytes")
    return int(given)


def check_sender(headers: Any) -> None:
    """Refuse what a web page sent: it may reach this port, and by a name of its own (DNS rebinding) read the answers.

    Raises:
        Rejected: it names an origin, a browser marks it as another site's, or the host is not this machine.
    """
    if "Origin" in headers or headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        raise Rejected(HTTPStatus.FORBIDDEN, "not for web pages")
    name = headers.get("Host", "").rpartition(":")[0] or headers.get("Host", "")
    if name not in {"127.0.0.1", "localhost"} and not name.endswith(".localhost"):
        raise Rejected(HTTPStatus.FORBIDDEN, "not under this name: use 127.0.0.1 or localhost")


class Handler(BaseHTTPRequestHandler):
    """Turns one HTTP request into one call of the WSGI application."""

    protocol_version = "HTTP/1.1"
    timeout = _FIRST_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        """Any method: who sent it is looked at, then the whole body is read, unless it is to be streamed."""
        self.connection.settimeout(_IDLE_SECONDS)
        try:
            self.server.check(self.headers)
            body, streamed = Body(self.rfile, self.headers), self.path.startswith(STREAMED)
            source = body if streamed else io.BytesIO(body.all())
        except Rejected as rejected:
            self._reject(rejected)
            return
        self._answer(body, source, streamed=streamed)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 (http.server's names)

    def _reject(self, rejected: Rejected) -> None:
        content = f"{rejected}\n".encode()
        self.send_response(rejected.status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        # what is left of the body would be taken for the next request
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _answer(self, body: Body, source: io.BytesIO | Body, *, streamed: bool) -> None:
        answer: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            answer[:] = [status, headers]

        try:
            pieces = self.server.application(self._environ(source), start_response)
            if not streamed:
                pieces = [b"".join(pieces)]
        except HangUp:
            self._reset()
            raise
        except TakeOver as taken:
            self._hand_over(taken)
            return
        body.skip()
        status, headers = answer
        length = dict(headers)["Content-Length"] if streamed else str(sum(map(len, pieces)))
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            if name.lower() not in _FRAMING:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            for piece in pieces:
                self.wfile.write(piece)

    def _hand_over(self, taken: TakeOver) -> None:
        self.send_response_only(HTTPStatus.SWITCHING_PROTOCOLS)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", taken.protocol)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        self.connection.settimeout(None)
        taken.talk(self.rfile, self.wfile)

    def handle_expect_100(self) -> bool:
        """Tell the client at once to go on: S3's clients wait a second for it before they send an object."""
        self.send_response_only(HTTPStatus.CONTINUE)
        self.end_headers()
        self.wfile.flush()
        return True

    def _reset(self) -> None:
        """Close so that the client sees a reset and no orderly end: at once, whatever was still to be sent."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for stream in (self.rfile, self.wfile, self.connection):
            stream.close()

    def _environ(self, source: io.BytesIO | Body) -> Environ:
        path, _, query = self.path.partition("?")
        environ: Environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": urllib.parse.unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "REQUEST_URI": self.path,
            "SERVER_PROTOCOL": self.request_version,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_address[1]),
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(source.getvalue())) if isinstance(source, io.BytesIO) else "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": source,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet: what matters is in the call log."""
