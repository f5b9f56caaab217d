"""The way to MySQL: a pool of connections, which waits for a paused database and lets an idle one pause."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, inspect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

from backend.guestbook import create_schema
from backend.settings import Settings

PATIENCE = 2.0
"""Seconds that a request waits for the database to wake, before it answers that it does."""
WAKING = 60.0
"""Seconds for the database to wake: Aurora takes some 15, and 30 or more after a day's pause (Aurora User Guide)."""
IDLE = 60.0
"""Seconds without a request after which all connections are closed: Aurora pauses only when it has none."""
TIMEOUTS = {"connect_timeout": 5, "read_timeout": 5, "write_timeout": 5}
SYSTEM = {"information_schema", "mysql", "performance_schema", "sys"}


class Waking(Exception):
    """The database does not answer yet, and is still being waited for."""


def engine_for(settings: Settings) -> Engine:
    """Return an engine with a pool of at most ten connections, each tried before it is used.

    Nothing is sent without TLS, and the database has to show a certificate of one of the bundle's authorities for the
    name that it is called by (MySQL's VERIFY_IDENTITY). RDS's certificates hold the cluster's endpoints, and no CNAME:
    Aurora User Guide, TLS connections to Aurora MySQL DB clusters.
    """
    verified = {"ssl_ca": settings.db_ca_bundle, "ssl_verify_cert": True, "ssl_verify_identity": True}
    url = URL.create(
        "mysql+pymysql",
        settings.db_user,
        settings.db_password,
        settings.db_host,
        settings.db_port,
        settings.db_name,
        {"charset": "utf8mb4"},
    )
    return create_engine(
        url,
        connect_args=TIMEOUTS | verified,
        hide_parameters=True,
        max_overflow=5,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_size=5,
        pool_timeout=2,
    )


class Database:
    """Hands out connections. When there are none, one thread opens the first, and all requests wait for that one."""

    def __init__(self, engine: Engine, *, patience: float = PATIENCE, waking: float = WAKING) -> None:
        self._engine = engine
        self._patience = patience
        self._waking = waking
        self._lock = threading.Lock()
        self._opening: Future[None] | None = None
        self._opening_since = 0.0
        self._used = time.monotonic()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Give a connection in a transaction, which is committed at the end.

        Raises:
            Waking: if the database is not awake yet; the next request may find it so.
            DBAPIError: if it cannot be reached, or refuses.
        """
        self._used = time.monotonic()
        if self.is_opening() or not self.open_connections():
            self._wait_for_first()
        try:
            connection = self._engine.connect()
        except DBAPIError:
            self._engine.dispose()  # what is left in the pool is dead too: the next request opens the first one anew
            raise
        with connection, connection.begin():
            yield connection

    def open_connections(self) -> int:
        """Return how many connections there are: used, idle, and being opened."""
        pool = self._engine.pool
        return pool.checkedin() + pool.checkedout() if isinstance(pool, QueuePool) else 0

    def close_if_idle(self, idle: float = IDLE) -> None:
        """Close all connections if no request came for that long."""
        if self.open_connections() and time.monotonic() - self._used >= idle:
            self._engine.dispose()
            logging.getLogger(__name__).info("Closed the idle connections, so that the database can pause")

    def is_opening(self) -> bool:
        """Tell whether the first connection is being opened."""
        return self._opening is not None and not self._opening.done()

    def _wait_for_first(self) -> None:
        with self._lock:
            if self._opening is None or self._opening.done():
                self._opening, self._opening_since = Future(), time.monotonic()
                # A daemon, so that a service that has to stop does not wait for the database.
                threading.Thread(target=self._open, args=(self._opening,), name="opening", daemon=True).start()
            opening, since = self._opening, self._opening_since
        try:
            opening.result(max(0.0, since + self._patience - time.monotonic()))
        except TimeoutError:
            raise Waking from None

    def _open(self, opening: Future[None]) -> None:
        deadline = time.monotonic() + self._waking
        while True:
            try:
                with self._engine.begin() as connection:
                    create_schema(connection)
            except OperationalError as error:
                if _timed_out(error) and time.monotonic() < deadline:
                    continue
                opening.set_exception(error)
            except BaseException as error:  # noqa: BLE001 (it is raised again where it is waited for)
                opening.set_exception(error)
            else:
                opening.set_result(None)
            return


def _timed_out(error: DBAPIError) -> bool:
    """Tell whether the database was silent, as it is while it wakes, rather than away or unwilling."""
    cause: BaseException | None = error.orig
    while cause is not None and not isinstance(cause, TimeoutError):
        cause = cause.__context__
    return cause is not None


def reason(error: Exception) -> str:
    """Return in a few words why the database did not do it, without anything that it holds: MySQL's error number."""
    original = getattr(error, "orig", None) or error
    if isinstance(original.__context__, ssl.SSLCertVerificationError):
        return "its certificate is not accepted"
    number = original.args[0] if original.args else None
    return f"MySQL error {number}" if isinstance(number, int) else type(original).__name__


def product(connection: Connection) -> str:
    """Return what kind of database it is, without its version."""
    dialect = connection.dialect
    return "MariaDB" if getattr(dialect, "is_mariadb", False) else dialect.name


def look_around(connection: Connection) -> dict[str, Any]:
    """Return the server's version, and the names of the databases and tables that can be seen in it."""
    inspector = inspect(connection)
    names = sorted(inspector.get_schema_names())
    version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    return {
        "version": version,
        "databases": [
            {"name": name, "tables": sorted(inspector.get_table_names(name))} for name in names if name not in SYSTEM
        ],
        "system_databases": [name for name in names if name in SYSTEM],
    }
