"""Calls of botocore that are answered in their own process: without port or connection."""

from __future__ import annotations

import io
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError

from ecs_emulator.errors import Answer
from ecs_emulator.wsgi import FRAMING, Environ, HangUp

NO_PORT = 1
"""A port for addresses and image names that must have one; nothing listens there."""


class _Content(io.BytesIO):
    """The body of an answer, as botocore reads it."""

    def stream(self, amt: int = 65_536, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the body in pieces."""
        while piece := self.read(amt):
            yield piece


def answered(request: Any, call: Callable[[Environ], Answer]) -> AWSResponse:
    """Return the answer to a prepared request of botocore's, for its event `before-send`, as a server would send it.

    Raises:
        ConnectionClosedError: the cloud hung up.
    """
    content = request.body or b""
    content = content.encode() if isinstance(content, str) else content
    content = content.read() if hasattr(content, "read") else bytes(content)
    headers = {
        name: value.decode() if isinstance(value, bytes) else str(value) for name, value in request.headers.items()
    }
    try:
        status, found, body = call(environ_of(request.method, request.url, headers, content))
    except HangUp:
        raise ConnectionClosedError(endpoint_url=request.url) from None
    if request.method == "HEAD":
        # how long what was asked about is, of which nothing is sent
        length, body = next((value for name, value in found if name.lower() == "content-length"), str(len(body))), b""
    else:
        length = str(len(body))
    kept = [(name, value) for name, value in found if name.lower() not in FRAMING]
    sent = [*kept, ("Date", formatdate(time.time(), usegmt=True)), ("Content-Length", length)]
    return AWSResponse(request.url, int(status), HTTPHeaders.from_pairs(sent), _Content(body))


def environ_of(method: str, url: str, headers: Mapping[str, str], content: bytes) -> Environ:
    """Return a request in the form in which the WSGI server passes it on (`wsgi.Handler`)."""
    there = urllib.parse.urlsplit(url)
    raw = (there.path or "/") + (f"?{there.query}" if there.query else "")
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote(there.path or "/", "latin-1"),
        "QUERY_STRING": there.query,
        "RAW_URI": raw,
        "REQUEST_URI": raw,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(NO_PORT),
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_HOST": there.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ
