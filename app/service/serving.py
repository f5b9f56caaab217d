"""Runs a service, and stops it so that no request is lost."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from threading import Event
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

KEEP_ALIVE = 75
"""Seconds: longer than any caller keeps an idle connection (the load balancer 60, httpx 5), so that it is the caller
who closes it, and no request meets a closing connection."""
FINISH = 10
"""Seconds that requests still running have after the draining. With it, ECS's default `stopTimeout` of 30 holds."""

LINGER = 0.5
"""Seconds between a connection and its request, at most."""


class Server(uvicorn.Server):
    """uvicorn that drains: after SIGTERM it goes on answering for a while, since callers still find it in their DNS.

    Meanwhile readiness answers 503, and each response closes its connection, which turns callers to other tasks.
    """

    def __init__(self, config: uvicorn.Config, draining: Event, seconds: int) -> None:
        super().__init__(config)
        self._draining = draining
        self._seconds = seconds
        self._until = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain at SIGTERM; stop at once at SIGINT or at the second signal."""
        if sig == signal.SIGTERM and not self._draining.is_set():
            self._until = time.monotonic() + self._seconds
            self.config.encoded_headers.append((b"connection", b"close"))
            self._draining.set()
        else:
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """End the draining when its time is over; called ten times a second."""
        if self._draining.is_set() and time.monotonic() >= self._until:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening first, and let those who have just connected bring their request."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(LINGER)
        await super().shutdown(sockets)


def serve(app: ASGIApp, *, host: str, port: int, draining: Event, drain_seconds: int) -> None:
    """Serve until told to stop.

    Args:
        draining: set when the service begins to stop, for readiness to look at.
        drain_seconds: how long it goes on answering after SIGTERM: longer than callers remember its address.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=FINISH,
    )
    Server(config, draining, drain_seconds).run()
    logging.getLogger(__name__).info("Stopped")
