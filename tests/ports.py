"""Free ports for servers that need a fixed number, and bind it later themselves."""

from __future__ import annotations

import os
import socket

BELOW = range(20_000, 30_000)
"""The system assigns none of these to a program that asks for any port (`net.ipv4.ip_local_port_range` begins at
32768)."""


def free_port() -> int:
    """Return a free port of 127.0.0.1 that the system does not assign to anybody meanwhile."""
    first = os.getpid() % len(BELOW)
    ports: list[int] = [*BELOW[first:], *BELOW[:first]]
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise OSError(f"all ports from {BELOW.start} to {BELOW.stop} are in use")
