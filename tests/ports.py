"""Ports for servers that can only be told a number, and would bind it later themselves."""

from __future__ import annotations

import os
import socket

BELOW = range(20_000, 30_000)
"""The system gives none of these to who asks for any port (`net.ipv4.ip_local_port_range` begins at 32768)."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and that nobody is given meanwhile."""
    first = os.getpid() % len(BELOW)
    ports: list[int] = [*BELOW[first:], *BELOW[:first]]
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise OSError(f"all ports from {BELOW.start} to {BELOW.stop} are in use")
