"""The ports of a load balancer on this machine: the certificate, and the requests through them."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography import x509
from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends

from ecs_emulator.containers import entry
from ecs_emulator.sockets import listening
from tests.cloud.conftest import HANGS

ACCOUNT, REGION, ARN = "210987654321", "eu-west-1", "arn:balancer"


@pytest.fixture
def listener() -> Iterator[SimpleNamespace]:
    """A listener for HTTPS of a load balancer, as moto has them, and two certificates."""
    certificates: dict[str, Any] = acm_backends[ACCOUNT][REGION]._certificates
    for name in ("app", "shop"):
        certificates[name] = SimpleNamespace(common_name=f"{name}.example.com", sans=[])
    one = SimpleNamespace(protocol="HTTPS", certificate="app", certificates=["app"], port=443)
    balancers: dict[str, Any] = elbv2_backends[ACCOUNT][REGION].load_balancers
    balancers[ARN] = SimpleNamespace(arn=ARN, listeners={"https": one})
    yield one
    balancers.clear()
    certificates.clear()


def shown(url: str) -> list[str]:
    """The DNS names of the certificate that is shown there."""
    place = urlsplit(url)
    certificate = x509.load_pem_x509_certificate(
        ssl.get_server_certificate((str(place.hostname), place.port or 0)).encode()
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


def test_another_certificate_is_shown_by_the_next_handshake(tmp_path: Path, listener: SimpleNamespace) -> None:
    entry._keep(tmp_path)
    (before,) = entry.shown()
    assert "app.example.com" in shown(before["url"])
    listener.certificate, listener.certificates = "shop", ["shop"]
    entry._keep(tmp_path)
    (after,) = entry.shown()
    assert (after["url"], after["names"]) == (before["url"], ("shop.example.com",))
    assert "shop.example.com" in shown(after["url"])
    elbv2_backends[ACCOUNT][REGION].load_balancers.clear()
    entry._keep(tmp_path)
    assert entry.shown() == []


def test_each_port_of_a_load_balancer_has_its_own(tmp_path: Path, listener: SimpleNamespace) -> None:
    balancers: dict[str, Any] = elbv2_backends[ACCOUNT][REGION].load_balancers
    balancers[ARN].listeners = {
        "test": SimpleNamespace(protocol="HTTPS", certificate="app", certificates=["app"], port=8443),
        "https": listener,
    }
    entry._keep(tmp_path)
    opened = entry.shown()
    assert [one["port"] for one in opened] == [443, 8443], "the one for everybody first"
    assert len({one["url"] for one in opened}) == 2
    balancers.clear()
    entry._keep(tmp_path)


def test_http_has_a_port_while_it_is_more_than_a_redirect(tmp_path: Path, listener: SimpleNamespace) -> None:
    balancers: dict[str, Any] = elbv2_backends[ACCOUNT][REGION].load_balancers
    answer = SimpleNamespace(data={"Type": "forward"})
    balancers[ARN].name, balancers[ARN].dns_name = "shop-dev", "shop-dev-1.elb.amazonaws.com"
    clear = SimpleNamespace(protocol="HTTP", certificate=None, port=80, default_actions=[answer])
    balancers[ARN].listeners = {"http": clear}
    entry._keep(tmp_path)
    (opened,) = entry.shown()
    assert opened["url"].startswith("http://127.0.0.1:")
    assert (opened["port"], opened["names"]) == (80, ("shop-dev", "shop-dev-1.elb.amazonaws.com"))
    with socket.create_connection(("127.0.0.1", urlsplit(opened["url"]).port or 0), timeout=HANGS):
        pass
    answer.data = {"Type": "redirect"}
    balancers[ARN].listeners["https"] = listener
    entry._keep(tmp_path)
    assert [one["port"] for one in entry.shown()] == [443]
    balancers.clear()
    entry._keep(tmp_path)


# -- bodies ------------------------------------------------------------------------------------------------------------


class Target(BaseHTTPRequestHandler):
    """A task behind the load balancer: tells when a body begins, and answers how it came."""

    begun: ClassVar[threading.Event]

    def do_POST(self) -> None:
        """Read to the end."""
        length, sizes = self.headers.get("Content-Length"), []
        if length not in {None, "0"}:
            self.rfile.read(1)
            self.begun.set()
            self.rfile.read(int(length) - 1)
        while length is None and (size := int(self.rfile.readline(), 16)):
            self.begun.set()
            sizes.append(len(self.rfile.read(size)))
            self.rfile.readline()
        content = json.dumps({"length": length, "in pieces": sum(sizes)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def door() -> Iterator[int]:
    """The port of an entry, without TLS, to one target."""
    Target.begun = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Target) as target:
        server = entry._serving(
            listening(), partial(entry.Forward("", 443)._ask, "", target.server_address[1], rule=None, tls=False)
        )
        threads = [threading.Thread(target=one.serve_forever, args=(0.02,)) for one in (target, server)]
        for thread in threads:
            thread.start()
        yield server.server_address[1]
        for one in (server, target):
            one.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("lines", "begin", "end", "came"),
    [
        ("Content-Length: 3000000", bytes(1_000_000), bytes(2_000_000), {"length": "3000000", "in pieces": 0}),
        (
            "Transfer-Encoding: chunked",
            b"f4240\r\n" + bytes(1_000_000) + b"\r\n",
            b"3\r\nabc\r\n0\r\n\r\n",
            {"length": None, "in pieces": 1_000_003},
        ),
        ("Accept: */*", b"", b"", {"length": "0", "in pieces": 0}),
    ],
    ids=["of a given length", "in pieces", "none"],
)
def test_a_visitors_body_reaches_the_target_as_it_comes(
    door: int, lines: str, begin: bytes, end: bytes, came: dict[str, Any]
) -> None:
    with socket.create_connection(("127.0.0.1", door), timeout=HANGS) as visitor:
        visitor.sendall(f"POST /a HTTP/1.1\r\nHost: app\r\n{lines}\r\nConnection: close\r\n\r\n".encode() + begin)
        assert not begin or Target.begun.wait(HANGS), "the target has its beginning although its end is not there"
        visitor.sendall(end)
        _, _, content = visitor.makefile("rb").read().partition(b"\r\n\r\n")
    assert json.loads(content) == came


# -- sign-in -----------------------------------------------------------------------------------------------------------


SIGN_IN = {
    "AuthorizationEndpoint": "https://login.example.org/authorize?p=one",
    "ClientId": "web",
    "Scope": "openid email",
}


def answered(path: str, unauthenticated: str) -> tuple[str, dict[str, str]] | None:
    """Return status and headers of the answer to a client that has not signed in."""
    config = {**SIGN_IN, "OnUnauthenticatedRequest": unauthenticated}
    found = entry._unsigned(config, {"PATH_INFO": path, "HTTP_HOST": "app.example.com"})
    return (found[0], dict(found[1])) if found else None


def test_a_client_without_a_session_is_sent_to_the_provider() -> None:
    status, headers = answered("/a", "authenticate") or ("", {})
    place = urlsplit(headers["Location"])
    asked = dict(parse_qsl(place.query))
    assert (status, f"{place.scheme}://{place.netloc}{place.path}") == (
        "302 Found",
        "https://login.example.org/authorize",
    )
    assert asked.pop("state")
    assert asked == {
        "p": "one",
        "client_id": "web",
        "redirect_uri": "https://app.example.com/oauth2/idpresponse",
        "response_type": "code",
        "scope": "openid email",
    }


def test_a_client_is_denied_or_passed_on() -> None:
    assert (answered("/a", "deny") or [""])[0] == "401 Unauthorized"
    assert answered("/a", "allow") is None
    assert (answered("/oauth2/idpresponse", "authenticate") or [""])[0] == "401 Unauthorized"
