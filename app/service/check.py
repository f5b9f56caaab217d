"""Asks the service in this container whether it is well: `python3 -m service.check`, for `health.command`."""

from __future__ import annotations

import http.client
import os
import sys

SECONDS = 4.0


def status(port: int) -> int:
    """Return the HTTP status of `/health` at a port of this machine; raises `OSError` if nothing answers in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(status(int(os.environ["PORT"])) != 200)
