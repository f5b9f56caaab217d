"""The backend's HTTP interface: what is asked for, what is answered, and with which status."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from threading import Event
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from backend import guestbook
from backend.database import Database, Waking, look_around, product, reason
from backend.guestbook import InvalidEntry, TokenUsed
from service.bodies import read_body
from service.telemetry import Metrics, Telemetry
from service.whereabouts import Whereabouts

LOG = logging.getLogger(__name__)


def create_app(database: Database, here: Whereabouts, draining: Event, *, show_databases: bool) -> ASGIApp:
    """Return the backend as an ASGI application."""
    backend = Backend(database, here, draining, show_databases=show_databases)
    app = Starlette(
        routes=[
            Route("/health", backend.health),
            Route("/ready", backend.ready),
            Route("/metrics", backend.metrics),
            Route("/overview", backend.overview),
            Route("/entries", backend.entries, methods=["POST"]),
        ],
        exception_handlers={
            InvalidEntry: _invalid,
            TokenUsed: _token_used,
            Waking: _waking,
            PoolTimeoutError: _busy,
            DBAPIError: _unavailable,
        },
        lifespan=lambda _: _closing_when_idle(database),
    )
    return Telemetry(app, backend.counts)


class Backend:
    """The endpoints. Those that are not `async` wait for the database, each in a thread of Starlette's."""

    def __init__(self, database: Database, here: Whereabouts, draining: Event, *, show_databases: bool) -> None:
        self._database = database
        self._show_databases = show_databases
        self._here = here
        self._draining = draining
        self.counts = Metrics()

    async def health(self, _: Request) -> Response:
        """Say that the process answers. The database is left alone: asked every few seconds, it would never pause."""
        return JSONResponse({"status": "ok"})

    def ready(self, _: Request) -> Response:
        """Say whether a request could be served now; this asks the database, and wakes it."""
        if self._draining.is_set():
            return _error(503, "draining", "The service is about to stop.")
        with self._database.connection():
            return JSONResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Answer with the metrics, unless the request came through a load balancer."""
        if "x-forwarded-for" in request.headers:
            return PlainTextResponse("Not Found", 404)
        return PlainTextResponse(self.counts.text(database_connections_open=self._database.open_connections()))

    def overview(self, _: Request) -> Response:
        """Answer with everything that the page shows; `inside` is null unless the settings ask for it."""
        begin = time.perf_counter()
        with self._database.connection() as connection:
            inside = look_around(connection) if self._show_databases else None
            entries, server = guestbook.newest(connection), product(connection)
        database = {
            "server": server,
            "milliseconds": round((time.perf_counter() - begin) * 1000, 1),
            "inside": inside,
        }
        return JSONResponse({"answered_by": asdict(self._here), "database": database, "entries": entries})

    async def entries(self, request: Request) -> Response:
        """Store an entry: 201 for a new one, 200 for one that is stored already."""
        try:
            data = json.loads(await read_body(request))
        except (ValueError, RecursionError):
            return _error(400, "not-json", "The request's body is not JSON.")
        entry = guestbook.draft(data)
        new = await run_in_threadpool(self._store, entry)
        return JSONResponse({"stored": entry.token}, 201 if new else 200)

    def _store(self, entry: guestbook.Draft) -> bool:
        with self._database.connection() as connection:
            return guestbook.add(connection, entry)


@asynccontextmanager
async def _closing_when_idle(database: Database) -> AsyncIterator[None]:
    async def watch() -> None:
        while True:
            await asyncio.sleep(10)
            database.close_if_idle()

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    database.close_if_idle(0)


def _error(status: int, code: str, message: str, **more: Any) -> JSONResponse:
    headers = {"Retry-After": "5"} if status == 503 else None
    return JSONResponse({"error": {"code": code, "message": message, **more}}, status, headers)


async def _invalid(_: Request, error: Exception) -> Response:
    return _error(422, "invalid", str(error), fields=getattr(error, "fields", {}))


async def _token_used(_: Request, __: Exception) -> Response:
    return _error(409, "token-used", "An entry was stored with this token before, and with other words.")


async def _waking(_: Request, __: Exception) -> Response:
    return _error(503, "database-waking", "The database is waking from its pause, which takes up to half a minute.")


async def _busy(_: Request, __: Exception) -> Response:
    return _error(503, "busy", "All connections to the database are in use.")


async def _unavailable(_: Request, error: Exception) -> Response:
    LOG.error("The database failed: %s", error)
    return _error(503, "database-unavailable", f"The database cannot be used ({reason(error)}).")
