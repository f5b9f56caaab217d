"""Both services in one process: HTTP without a network, and SQLite in MySQL's place."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Self

import httpx
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from backend import web as backend_web
from backend.database import Database
from frontend import web as frontend_web
from service.whereabouts import Whereabouts

TOKEN = "11111111-2222-4333-8444-555555555555"
HOST = "http://test"


@dataclass
class Gate:
    """Access to a SQLite file that can be shut: then a connection waits, or is refused if it is broken."""

    path: Path
    open: Event = field(default_factory=Event)
    broken: bool = False
    tries: int = 0
    made: list[sqlite3.Connection] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.made:
            connection.close()

    def connect(self) -> sqlite3.Connection:
        self.tries += 1
        if self.broken:
            raise sqlite3.OperationalError("refused")
        if not self.open.wait(0.05):
            error = sqlite3.OperationalError("timed out")
            error.__context__ = TimeoutError()  # as PyMySQL leaves it
            raise error
        self.made.append(sqlite3.connect(self.path, check_same_thread=False))
        return self.made[-1]

    def engine(self) -> Engine:
        return create_engine("sqlite://", creator=self.connect, poolclass=QueuePool, pool_pre_ping=True)


@dataclass
class System:
    """Clients of the two services, and controls for the parts behind them."""

    backend: httpx.AsyncClient
    frontend: httpx.AsyncClient
    gate: Gate
    database: Database
    draining: Event

    async def wake(self) -> None:
        """Wake the database, and wait until the first connection is open, if a request has asked for one."""
        self.gate.open.set()
        while self.database.is_opening():  # noqa: ASYNC110 (a thread opens it)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def system(
    directory: Path,
    *,
    awake: bool = True,
    between: Callable[[httpx.Request], None] = lambda _: None,
    show_databases: bool = False,
) -> AsyncIterator[System]:
    """Run both services; `between` sees each request from one to the other, and may raise to stop it."""
    draining, place = Event(), Whereabouts("b-host", "b-task", "b-zone")
    with Gate(directory / "book.sqlite") as gate:
        if awake:
            gate.open.set()
        # no wait for a sleeping database; otherwise as long as a slow machine needs
        database = Database(gate.engine(), patience=600 if awake else 0, waking=600)
        backend_app = backend_web.create_app(database, place, draining, show_databases=show_databases)

        async def watch(request: httpx.Request) -> None:
            between(request)

        link = httpx.AsyncClient(
            transport=httpx.ASGITransport(backend_app), base_url=HOST, event_hooks={"request": [watch]}
        )
        frontend_app = frontend_web.create_app(link, Whereabouts("f-host", "f-task", "f-zone"), draining)
        async with (
            link,
            httpx.AsyncClient(transport=httpx.ASGITransport(backend_app), base_url=HOST) as backend,
            httpx.AsyncClient(transport=httpx.ASGITransport(frontend_app), base_url=HOST) as frontend,
        ):
            running = System(backend, frontend, gate, database, draining)
            yield running
        await running.wake()
