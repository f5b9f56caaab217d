"""Sockets of the embedded cloud's servers, on the loopback only."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"
_BACKLOG = 128


def listening(port: int = 0) -> socket.socket:
    """Return a TCP socket that listens on a port, or on a free one. Clients wait until a server accepts them.

    Raises:
        OSError: another process listens there, or the port may not be used.
        OverflowError: it is no port number.
    """
    listener = socket.socket()
    # a port in TIME_WAIT is free
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


def bound() -> socket.socket:
    """Return a UDP socket on a free port."""
    found = socket.socket(type=socket.SOCK_DGRAM)
    try:
        found.bind((HOST, 0))
    except OSError:
        found.close()
        raise
    return found
