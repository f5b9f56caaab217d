"""A registry outside the cloud, on a port of its own: real HTTP, with the habits and troubles that a test asks for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

HELD_SECONDS = 60
"""The longest wait between the halves of an answer, should a test fail."""


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Problem:
    """A fault in the answers to the next requests whose method and path match, `times` of them.

    Attributes:
        status, headers, body: the answer instead. cut: or so many bytes of the right one, before the connection ends.
        other: or other content than there should be. until: or a half of it, and the rest once this is set.
    """

    pattern: str
    times: int = 1
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    other: bytes | None = None
    until: threading.Event | None = None


RUNS = {"Cmd": ["run"]}
"""An image's configuration: the command that its containers run."""


@dataclass
class Outside:
    """A registry: its images, its behaviour, and the requests that it got.

    Attributes:
        token: the token that requests must carry; empty: none is asked for. users: logins that get it; None: all do.
        clients: the ports at the other ends of its connections.
        moved: where blobs are (another registry's host), to which requests are redirected.
    """

    port: int = 0
    manifests: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    token: str = ""
    users: Mapping[str, str] | None = None
    moved: str = ""
    ranges: bool = True
    troubles: list[Problem] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    clients: set[int] = field(default_factory=set)
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def said(self, pattern: str) -> list[tuple[str, str, dict[str, str]]]:
        """The requests that match."""
        return [one for one in self.asked if re.search(pattern, f"{one[0]} {one[1]}")]

    def image(
        self,
        tag: str,
        *layers: bytes,
        platform: str = "linux/amd64",
        media_type: str = OCI,
        runs: Mapping[str, Any] = RUNS,
        **more: Any,
    ) -> str:
        """Have an image under a tag, whose containers run something, and return its manifest's digest."""
        system, _, architecture = platform.partition("/")
        shown = {"os": system, "architecture": architecture, "config": runs, "rootfs": {}, "for": tag}
        config = json.dumps(shown).encode()
        parts = [{"mediaType": "layer", "digest": digest_of(one), "size": len(one), **more} for one in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": {"mediaType": "config", "digest": digest_of(config), "size": len(config)},
            "layers": parts,
        }
        self.blobs |= {digest_of(one): one for one in (config, *layers)}
        return self.put(tag, manifest, media_type)

    def index(self, tag: str, images: Mapping[str, str], media_type: str = OCI_INDEX) -> str:
        """Have an index of images by platform (`linux/arm64/v8`) under a tag, and return its digest."""
        parts = []
        for platform, digest in images.items():
            system, architecture, *variant = platform.split("/")
            shown = {"os": system, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
            content, of = self.manifests[digest]
            parts.append({"mediaType": of, "digest": digest, "size": len(content), "platform": shown})
        return self.put(tag, {"schemaVersion": 2, "mediaType": media_type, "manifests": parts}, media_type)

    def put(self, tag: str, manifest: Any, media_type: str) -> str:
        content = json.dumps(manifest, indent=3).encode()
        digest = digest_of(content)
        self.manifests[tag] = self.manifests[digest] = (content, media_type)
        return digest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    outside: ClassVar[Outside]

    def do_GET(self) -> None:
        here, path = self.outside, urlsplit(self.path).path
        here.clients.add(self.client_address[1])
        here.asked.append((self.command, self.path, dict(self.headers.items())))
        problem = self._trouble()
        if problem and problem.status:
            self._answer(problem.status, problem.body, dict(problem.headers))
        elif path == "/token":
            self._give_token()
        elif here.token and self.headers.get("Authorization") != f"Bearer {here.token}":
            realm = f'Bearer realm="http://{here.host}/token",service="outside",scope="repository:web:pull"'
            self._answer(401, b'{"errors":[{"code":"UNAUTHORIZED"}]}', {"WWW-Authenticate": realm})
        elif found := re.fullmatch(r"/v2/[\w/.-]+/manifests/(.+)", path):
            self._manifest(found[1], problem)
        elif found := re.fullmatch(r"/v2/[\w/.-]+/blobs/(.+)", path):
            self._blob(found[1], problem)
        else:
            self._answer(404, b"")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        here = self.outside
        here.asked.append((self.command, self.path, dict(self.headers.items())))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        problem = self._trouble()
        if problem:
            self._answer(problem.status, problem.body, dict(problem.headers))
        elif self.path == "/token":
            here.forms.append(parse_qs(body.decode()))
            self._answer(200, json.dumps({"access_token": here.token}).encode())
        else:
            self._answer(202, b"", {"Location": "/v2/copies/blobs/uploads/1?state=x"})

    def do_PUT(self) -> None:
        here, parts = self.outside, urlsplit(self.path)
        here.asked.append((self.command, self.path, dict(self.headers.items())))
        problem = self._trouble()
        if problem and problem.cut is not None:
            self.rfile.read(problem.cut)
            self.close_connection = True
            return
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if problem:
            self._answer(problem.status, problem.body, dict(problem.headers))
        elif "/manifests/" in parts.path:
            tag = parts.path.rpartition("/")[2]
            here.manifests[tag] = (content, self.headers["Content-Type"])
            self._answer(201, b"")
        else:
            assert parse_qs(parts.query) == {"state": ["x"], "digest": [digest_of(content)]}
            here.blobs[digest_of(content)] = content
            self._answer(201, b"")

    def do_CONNECT(self) -> None:
        """A proxy that is asked to connect, and does not."""
        self.outside.asked.append((self.command, self.path, dict(self.headers.items())))
        self._answer(502, b"")

    def _trouble(self) -> Problem | None:
        for one in self.outside.troubles:
            if one.times and re.search(one.pattern, f"{self.command} {self.path}"):
                one.times -= 1
                return one
        return None

    def _give_token(self) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        user, _, password = base64.b64decode(given).decode().partition(":")
        users, asked = self.outside.users, parse_qs(urlsplit(self.path).query)
        if users is not None and (not user or users.get(user) != password):
            self._answer(401, b'{"details":"incorrect username or password"}')
        else:
            assert asked["service"] == ["outside"]
            assert asked["scope"] == ["repository:web:pull"]
            self._answer(200, json.dumps({"token": self.outside.token}).encode())

    def _manifest(self, reference: str, problem: Problem | None) -> None:
        if reference not in self.outside.manifests:
            self._answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
            return
        content, media_type = self.outside.manifests[reference]
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest_of(content)}
        assert media_type in self.headers["Accept"]
        self._answer(200, content if not problem or problem.other is None else problem.other, headers)

    def _blob(self, digest: str, problem: Problem | None) -> None:
        here = self.outside
        if here.moved:
            self._answer(307, b"", {"Location": f"http://{here.moved}/v2/web/blobs/{digest}"})
        elif digest not in here.blobs:
            self._answer(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        else:
            content = here.blobs[digest] if not problem or problem.other is None else problem.other
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked[1]) if asked and here.ranges else 0
            cut, until = (problem.cut, problem.until) if problem else (None, None)
            self._answer(206 if start else 200, content[start:], cut=cut, until=until)

    def _answer(
        self,
        status: int,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        cut: int | None = None,
        until: threading.Event | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            half = len(content) // 2 if until else 0
            self.wfile.write(content[:half])
            if until:
                until.wait(HELD_SECONDS)
            self.wfile.write(content[half:cut])
        self.close_connection = self.close_connection or cut is not None

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def outside() -> Iterator[Outside]:
    """A registry that runs while the context lasts."""
    here = Outside()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"outside": here}))
    server.daemon_threads = True
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
