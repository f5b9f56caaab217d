"""Open a port on the loopback for each listener of a load balancer, and forward as it would.

A listener for HTTP that only redirects has none: browsers would look for the redirect's host on the internet.
"""

from __future__ import annotations

import http.client
import itertools
import random
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ecs_emulator import forwarding
from ecs_emulator.containers import targets
from ecs_emulator.containers.certificate import write_certificate
from ecs_emulator.containers.engine import repeat
from ecs_emulator.containers.speaking import connection as connection_to
from ecs_emulator.lock import LOCK
from ecs_emulator.services.cloudwatch import traffic
from ecs_emulator.services.elbv2 import sign_in
from ecs_emulator.sockets import listening
from ecs_emulator.wsgi import Application, Body, Environ, Server, StartResponse

FIRST_PORTS = {"HTTPS": 8443, "HTTP": 8080}
PORTS = (443, 80)
READ_SECONDS = 0.5
IDLE_SECONDS = 60
"""A load balancer's idle timeout."""
HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
              "transfer-encoding", "upgrade", "content-length"}  # fmt: skip
TOO_LONG = ("504 Gateway Time-out", b"504: the target took too long")
BROKEN = ("502 Bad Gateway", b"502: the target did not answer")
OTHER_VERSION = ("464 ", b"464: the targets speak HTTP/2, or gRPC, and this request came by HTTP/1.1")
"""The answer to a request of another version than the target group's (load balancer guide, "HTTP 464")."""
CALLBACK = "/oauth2/idpresponse"
"""The path to which a provider sends clients back (Application Load Balancer guide, "Authenticate users")."""
NO_TARGET = ("503 Service Temporarily Unavailable", b"503: no target of the load balancer's answers")


@dataclass(frozen=True)
class Entry:
    """An open port: the load balancer's ARN, port and names, the URL, and its server, by HTTPS with the certificate."""

    balancer: str
    port: int
    names: tuple[str, ...]
    url: str
    server: Server
    context: ssl.SSLContext | None


@dataclass(frozen=True)
class Listener:
    """A listener to open: its protocol, and the names in its certificate, by HTTP the names of the load balancer."""

    protocol: str
    names: tuple[str, ...]


_entries: dict[tuple[str, int], Entry] = {}
"""By load balancer and port of the listener."""


def open_all(directory: Path) -> None:
    """Keep a port open for each listener of a load balancer, from now on.

    Args:
        directory: the place for the certificates, so that clients can trust them.
    """
    repeat(lambda: _keep(directory), READ_SECONDS, "entries")


def shown() -> list[dict[str, Any]]:
    """Return the open entries, as `/_cloud/entries` answers."""
    return [
        {"load_balancer": one.balancer, "port": one.port, "names": one.names, "url": one.url}
        for one in list(_entries.values())
    ]


def _keep(directory: Path) -> None:
    with LOCK:
        # the listeners for users first: they get the same URLs most of the time
        wanted = dict(sorted(_listeners(), key=lambda one: one[0][1] not in PORTS))
    for place in _entries.keys() - wanted.keys():
        server = _entries.pop(place).server
        server.shutdown()
        server.server_close()
    for place, listener in wanted.items():
        if place not in _entries:
            _entries[place] = _open(directory, *place, listener)
        elif (entry := _entries[place]).context and entry.names != listener.names:
            # the listener has another certificate now: the next handshake shows it
            entry.context.load_cert_chain(write_certificate(directory, listener.names))
            _entries[place] = replace(entry, names=listener.names)


def _listeners() -> Iterable[tuple[tuple[str, int], Listener]]:
    """Yield each load balancer and port with a listener that answers by itself, and that listener."""
    from moto.acm.models import acm_backends
    from moto.elbv2.models import elbv2_backends

    from ecs_emulator.outages import distributions

    for account, by_region in elbv2_backends.items():
        for region, backend in by_region.items():
            certificates = acm_backends[account][region]._certificates
            for balancer in backend.load_balancers.values():
                for listener in balancer.listeners.values():
                    place = balancer.arn, int(listener.port)
                    if listener.protocol == "HTTPS" and listener.certificate in certificates:
                        shown = [certificates[arn] for arn in listener.certificates if arn in certificates]
                        names = dict.fromkeys(name for one in shown for name in (one.common_name, *one.sans))
                        yield place, Listener("HTTPS", tuple(names))
                    elif listener.protocol == "HTTP" and listener.default_actions[-1].data["Type"] != "redirect":
                        led = distributions.names(account, balancer.dns_name)
                        yield place, Listener("HTTP", (balancer.name, balancer.dns_name, *led))


def _open(directory: Path, balancer: str, port: int, listener: Listener) -> Entry:
    traffic.serve(balancer)
    server, context = _listen(Forward(balancer, port), FIRST_PORTS[listener.protocol]), None
    if listener.protocol == "HTTPS":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(write_certificate(directory, listener.names))
        # Each connection's thread makes its handshake, so that no connection waits for another one's.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    url = f"{listener.protocol.lower()}://127.0.0.1:{server.server_address[1]}/"
    return Entry(balancer, port, listener.names, url, server, context)


def _listen(forward: Forward, first: int) -> Server:
    """Return a server at the first free port, so that the URL is the same most of the time."""
    for port in range(first, first + 20):
        try:
            listener = listening(port)
            break
        except OSError:
            continue
    else:
        listener = listening()
    return _serving(listener, forward)


def _serving(listener: socket.socket, forward: Application) -> Server:
    """Return the server of an entry: it streams bodies, and treats all senders as strangers."""
    return Server(listener, forward, _anybody, streamed=lambda _: True, silence=IDLE_SECONDS)


def _anybody(_: Environ) -> bool:
    """Return False for every sender: an entry serves everybody, web pages too, and has no key."""
    return False


class Forward:
    """A WSGI application that answers as a load balancer: by rules and weights, from healthy targets in turn."""

    def __init__(self, balancer: str, port: int) -> None:
        self.balancer, self.port = balancer, port
        self._turn = itertools.count()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, as WSGI asks."""
        with LOCK:
            name = environ.get("HTTP_HOST", "").partition(":")[0]
            rule = _rule(self.balancer, self.port, name, environ["PATH_INFO"])
            action = rule.actions[-1].data if rule else None
            signing = sign_in.of(rule.actions) if rule else None
        if action is None:
            return self._fail(start_response, "", NO_TARGET)
        if signing and (answer := _unsigned(signing, environ)):
            start_response(*answer)
            return []
        if action["Type"] == "fixed-response":
            fixed = action["FixedResponseConfig"]
            return _plain(start_response, f"{fixed['StatusCode']} ", fixed.get("MessageBody", "").encode())
        group = _drawn(action)
        found = targets.healthy(group)
        if not found:
            return self._fail(start_response, "", NO_TARGET)
        target = found[next(self._turn) % len(found)]
        if not target.let_in:
            return self._fail(start_response, group, TOO_LONG)
        if target.http2:
            return self._fail(start_response, "", OTHER_VERSION)
        return self._ask(group, target.port, environ, start_response, rule, tls=target.tls)

    @property
    def _protocol(self) -> str:
        return "http" if self.port == 80 else "https"

    def _ask(
        self,
        group: str,
        port: int,
        environ: Environ,
        start_response: StartResponse,
        rule: Any,
        *,
        tls: bool,
    ) -> Iterable[bytes]:
        """Forward a request to a target, and return its answer."""
        began, url = time.monotonic(), forwarding.rewritten(rule, environ["RAW_URI"])
        try:
            answer, content = _asked(port, {**environ, "RAW_URI": url}, self._protocol, tls=tls)
        except TimeoutError:
            return self._fail(start_response, group, TOO_LONG)
        except (OSError, http.client.HTTPException):
            return self._fail(start_response, group, BROKEN)
        traffic.answered(self.balancer, group, answer.status, time.monotonic() - began)
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        start_response(f"{answer.status} {answer.reason}", [*headers, ("Content-Length", str(len(content)))])
        return [content]

    def _fail(self, start_response: StartResponse, group: str, answer: tuple[str, bytes]) -> Iterable[bytes]:
        """Answer as a load balancer without an answer from a target does."""
        traffic.unanswered(self.balancer, group, int(answer[0].split()[0]))
        return _plain(start_response, *answer)


def _rule(balancer: str, port: int, name: str, path: str) -> Any:
    """Return the rule of a load balancer's listener at a port that takes a request; None if there is none."""
    from moto.elbv2.models import elbv2_backends

    backends = [backend for by_region in elbv2_backends.values() for backend in by_region.values()]
    backend = next((one for one in backends if balancer in one.load_balancers), None)
    listeners = backend.load_balancers[balancer].listeners.values() if backend else ()
    listener = next((one for one in listeners if int(one.port) == port), None)
    return forwarding.rule_for(backend, listener.arn, name, path) if listener else None


def _unsigned(config: Mapping[str, Any], environ: Environ) -> tuple[str, list[tuple[str, str]]] | None:
    """Return status and headers of the answer to a client that has not signed in; None if its request is passed on.

    Nobody can sign in here, as no provider is asked (Application Load Balancer guide, "Authenticate users").
    """
    what = config["OnUnauthenticatedRequest"]
    if what == "allow" and environ["PATH_INFO"] != CALLBACK:
        return None
    if what == "deny" or environ["PATH_INFO"] == CALLBACK:
        return "401 Unauthorized", [("Content-Length", "0")]
    asked = {
        "client_id": config["ClientId"],
        "redirect_uri": f"https://{environ.get('HTTP_HOST', '')}{CALLBACK}",
        "response_type": "code",
        "scope": config["Scope"],
        "state": secrets.token_urlsafe(16),
        **(config.get("AuthenticationRequestExtraParams") or {}),
    }
    place = config["AuthorizationEndpoint"]
    url = f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"
    return "302 Found", [("Location", url), ("Content-Length", "0")]


def _drawn(action: dict[str, Any]) -> str:
    """Return a target group for one request, drawn by the weights; empty if none has a weight."""
    shares = forwarding.shares(action)
    return random.choices([*shares], [*shares.values()])[0] if shares else ""  # noqa: S311 (no secret)


def _asked(port: int, environ: Environ, protocol: str, *, tls: bool) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request to a target, and return its answer with the whole content."""
    connection = connection_to(port, IDLE_SECONDS, tls=tls)
    try:
        body: Body = environ["wsgi.input"]
        connection.request(
            environ["REQUEST_METHOD"],
            environ["RAW_URI"],
            None if body.length == 0 else body,
            _headers(environ, protocol),
        )
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def _headers(environ: Environ, protocol: str) -> dict[str, str]:
    """Return the request's headers, and the headers that a load balancer adds; `protocol` is `http` or `https`."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
    if environ["CONTENT_TYPE"]:
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    before = [headers["X-Forwarded-For"]] if "X-Forwarded-For" in headers else []
    if environ["wsgi.input"].length:
        headers["Content-Length"] = str(environ["wsgi.input"].length)
    return headers | {
        "X-Forwarded-For": ", ".join([*before, environ["REMOTE_ADDR"]]),
        "X-Forwarded-Proto": protocol,
        "X-Forwarded-Port": "443" if protocol == "https" else "80",
    }


def _plain(start_response: StartResponse, status: str, content: bytes) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(content)))])
    return [content]
