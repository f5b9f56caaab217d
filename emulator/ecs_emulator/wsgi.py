"""A small threaded HTTP/1.1 server for one WSGI application: it checks the sender of a request before it reads a body.

No library's server is used, as WSGI lacks these: a check of the head before the body is read (waitress reads the whole
body before it calls), a choice of the connections that may stay, and connections that are reset or handed over.
"""

from __future__ import annotations

import errno
import io
import math
import re
import socket
import ssl
import struct
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ecs_emulator.connections import Incoming, Strangers, drain, most_strangers

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

Headers = Sequence[tuple[str, str]]

LARGEST = 64 << 20
"""The most bytes of a body that is held in memory: only objects of S3 come near."""
HEAD_SECONDS = 10.0
"""The time that a new connection may be silent, and that the head of a request may take in all."""

_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_FULL_SECONDS = 0.05
"""The pause before the next connection is accepted when no descriptor is free."""
_LINGER_BYTES, _LINGER_SECONDS = 1 << 20, 2.0
"""The bytes of a refused body that are still read, and the time for it."""
_PIECE = 1 << 16
_PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)
FRAMING = {"content-length", "connection", "transfer-encoding", "server", "date"}
"""Headers that the server sends, not the application."""


class HangUp(ConnectionError):
    """The connection has to be reset without an answer. The application raises this."""


class TakeOver(Exception):
    """The application takes the connection over (HTTP/1.1, "101 Switching Protocols"). The application raises this.

    Args:
        protocol: its name, as the client asked for it.
        talk: reads from the first stream and writes to the second until it returns.
        headers: further headers of the answer.
    """

    def __init__(self, protocol: str, talk: Callable[[Any, Any], None], headers: Headers = ()) -> None:
        super().__init__(protocol)
        self.protocol, self.talk, self.headers = protocol, talk, headers


class Rejected(Exception):
    """A refusal of a request before its body is read.

    Args:
        status: the status of the answer.
        content: its text.
        headers: its headers.
    """

    def __init__(self, status: int, content: str, headers: Headers = _PLAIN) -> None:
        super().__init__(content)
        self.status, self.content, self.headers = status, content.encode(), headers


class Server(ThreadingHTTPServer):
    """A server of a listening socket, with a thread for each connection, and few connections of strangers.

    Args:
        listener: the socket.
        application: answers the requests.
        admit: checks a request before its body is read; raises `Rejected` to refuse it, and returns whether its
            sender has shown the key. A sender with the key may stay connected.
        streamed: returns whether a request's body and answer are streamed, in any size; others are held in memory.
        silence: seconds of silence after which a connection is closed.
    """

    daemon_threads = True

    def __init__(
        self,
        listener: socket.socket,
        application: Application,
        admit: Callable[[Environ], bool],
        *,
        streamed: Callable[[Environ], bool],
        silence: float,
    ) -> None:
        self.application, self.admit, self.streamed, self.silence = application, admit, streamed, silence
        self.strangers = Strangers(most_strangers())
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; without a free descriptor close a stranger's, and wait a moment."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _FULL:
                self.strangers.displace()
                time.sleep(_FULL_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of a connection, which is a stranger's at first."""
        self.strangers.join(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.strangers.leave(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an error, except of clients that hang up in the middle or speak no TLS."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError | ssl.SSLError):
            super().handle_error(request, client_address)


class Body:
    """The body of a request, read from the connection on demand: of a given length, or chunked.

    Attributes:
        length: in bytes; None for a chunked body.
    """

    def __init__(self, stream: Any, headers: Any) -> None:
        self._stream = stream
        coding = headers.get("Transfer-Encoding", "chunked").lower()
        if coding != "chunked":
            raise Rejected(HTTPStatus.NOT_IMPLEMENTED, f"bodies come chunked or of a given length, not {coding}")
        self._chunked = "Transfer-Encoding" in headers
        self.length = None if self._chunked else _length(headers)
        self._left = self.length or 0
        self._ended = not self._chunked

    def read(self, size: int = _PIECE) -> bytes:
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
        """Return the rest of the body; raises `Rejected` if it is more than may be held in memory."""
        pieces, held = [], 0
        self._reach()
        while held + self._left <= LARGEST and (piece := self.read(_PIECE)):
            pieces.append(piece)
            held += len(piece)
            self._reach()
        if held + self._left > LARGEST:
            raise Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {LARGEST} bytes")
        return b"".join(pieces)

    def skip(self, most: float) -> bool:
        """Read and drop the rest, at most so many bytes; return whether that was all, so that a request can follow."""
        while most > 0:
            if not (piece := self.read(_PIECE)):
                return True
            most -= len(piece)
        return False

    def _reach(self) -> None:
        """Read on to the next bytes of the body, if there are any."""
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
                pass  # trailers are ignored


def _length(headers: Any) -> int:
    given = headers.get("Content-Length") or "0"
    if not re.fullmatch(r"[0-9]{1,19}", given):
        raise Rejected(HTTPStatus.BAD_REQUEST, "Content-Length is not a number of bytes")
    return int(given)


def check_sender(environ: Environ, *, of_pages: bool = False) -> None:
    """Refuse requests of web pages: a page may reach this port, and by its own name (DNS rebinding) read the answers.

    Args:
        of_pages: whether a page may send this request.

    Raises:
        Rejected: it names an origin, a browser marks it as another site's, or the host is not this machine.
    """
    by_page = "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"none", "same-origin"}
    if by_page and not of_pages:
        raise Rejected(HTTPStatus.FORBIDDEN, "not for web pages")
    host = environ.get("HTTP_HOST", "")
    name = host.rpartition(":")[0] or host
    if name not in {"127.0.0.1", "localhost"} and not name.endswith(".localhost"):
        raise Rejected(HTTPStatus.FORBIDDEN, "not under this name: use 127.0.0.1 or localhost")


class Handler(BaseHTTPRequestHandler):
    """A handler of a connection, which turns each HTTP request into a call of the WSGI application."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        """Read from the connection through a stream with time limits."""
        super().setup()
        self.rfile.close()
        self._incoming, self._silence, self._known = Incoming(self.connection), HEAD_SECONDS, False
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Wait for a request and answer it."""
        self._expected = False
        self._incoming.await_head(self._silence, HEAD_SECONDS)
        super().handle_one_request()
        self._silence = self.server.silence
        self.server.strangers.idle(self.connection)

    def do_GET(self) -> None:
        """Answer a request of any method: check its sender, then read the whole body unless it is streamed."""
        self.server.strangers.busy(self.connection)
        self._incoming.await_body(self.server.silence)
        environ = self._environ()
        try:
            if self.server.admit(environ) and not self._known:
                self._know()
            body, streamed = Body(self.rfile, self.headers), self.server.streamed(environ)
            self._go_on()
            source = body if streamed else io.BytesIO(body.all())
        except Rejected as rejected:
            self._reject(rejected)
            return
        if isinstance(source, io.BytesIO):
            environ["CONTENT_LENGTH"] = str(len(source.getvalue()))
        self._answer(environ | {"wsgi.input": source}, body, streamed=streamed)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 (http.server's names)

    def _know(self) -> None:
        """Let the connection stay from now on."""
        if not self.server.strangers.leave(self.connection):
            # do nothing that cannot be answered: the client would repeat the call
            raise ConnectionResetError("the connection had to give way to another one")
        self._known = True

    def _reject(self, rejected: Rejected) -> None:
        headers = [*rejected.headers, ("Content-Length", str(len(rejected.content)))]
        self._send(f"{int(rejected.status)} ", headers, [rejected.content], ended=False)

    def _hang_up(self) -> None:
        """End the connection in such a way that a client which is still sending can read the answer."""
        self.close_connection = True
        self.wfile.flush()
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            drain(self.connection, _LINGER_BYTES, _LINGER_SECONDS)

    def _answer(self, environ: Environ, body: Body, *, streamed: bool) -> None:
        answer: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            answer[:] = [status, headers]

        try:
            pieces = self.server.application(environ, start_response)
            if not streamed:
                pieces = [b"".join(pieces)]
        except HangUp:
            self._reset()
            raise
        except TakeOver as taken:
            self._hand_over(taken)
            return
        status, headers = answer
        length = dict(headers)["Content-Length"] if streamed else str(sum(map(len, pieces)))
        if self.command == "HEAD":
            # the length of the content that is not sent: S3's clients use it
            length = {name.lower(): value for name, value in headers}.get("content-length", length)
        ended = body.skip(math.inf if self._known else _LINGER_BYTES)
        kept = [(name, value) for name, value in headers if name.lower() not in FRAMING]
        self._send(status, [*kept, ("Content-Length", length)], pieces, ended=ended)

    def _send(self, status: str, headers: Headers, pieces: Iterable[bytes], *, ended: bool) -> None:
        """Send an answer; the connection goes on only if the request has ended."""
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        if not ended:
            # the rest of the body would be taken for the next request
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            for piece in pieces:
                self.wfile.write(piece)
        if not ended:
            self._hang_up()

    def _hand_over(self, taken: TakeOver) -> None:
        self.send_response_only(HTTPStatus.SWITCHING_PROTOCOLS)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", taken.protocol)
        for name, value in taken.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        self.connection.settimeout(None)
        taken.talk(self.rfile, self.wfile)

    def handle_expect_100(self) -> bool:
        """Note that the client waits for `100 Continue` before it sends its body."""
        self._expected = True
        return True

    def _go_on(self) -> None:
        """Send `100 Continue` at once to a client that waits for it: S3's clients wait a second before an object."""
        if self._expected:
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()
            self.wfile.flush()

    def _reset(self) -> None:
        """Close the connection at once with a reset, not with an orderly end; unsent bytes are dropped."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for stream in (self.rfile, self.wfile, self.connection):
            stream.close()

    def _environ(self) -> Environ:
        """Return the request as WSGI has it, without its body."""
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
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
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
        """Write nothing: the call log records the requests."""
