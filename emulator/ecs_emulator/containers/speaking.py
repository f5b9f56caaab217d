"""Connections to the tasks behind a load balancer: with TLS if the target group says so, and tests for HTTP/2.

A load balancer accepts any certificate of a target (Application Load Balancer guide, "Target groups", HTTPS).
"""

from __future__ import annotations

import http.client
import socket
import ssl

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""A client's first bytes and its SETTINGS without a setting (RFC 9113, 3.4)."""
_HEAD, _SETTINGS = 9, 4
"""The bytes of a frame's head, and the type of the first frame of a server (RFC 9113, 4.1, 6.5)."""


def connection(port: int, timeout: float, *, tls: bool) -> http.client.HTTPConnection:
    """Return a connection by HTTP/1.1 to a port of this machine."""
    if tls:
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=_any_certificate())
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)


def speaks_http2(port: int, timeout: float, *, tls: bool) -> bool:
    """Return whether a port of this machine answers the first bytes of HTTP/2 as a server of it does.

    Raises:
        OSError: nothing answers.
    """
    with socket.create_connection(("127.0.0.1", port), timeout) as plain:
        if not tls:
            return _settings_from(plain)
        context = _any_certificate()
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(plain) as secure:
            return _settings_from(secure)


def _settings_from(opened: socket.socket) -> bool:
    opened.sendall(_PREFACE)
    head = b""
    while len(head) < _HEAD and (more := opened.recv(_HEAD - len(head))):
        head += more
    return len(head) == _HEAD and head[3] == _SETTINGS


def _any_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
