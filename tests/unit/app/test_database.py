from __future__ import annotations

import time
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from backend.database import Database, Waking, engine_for, reason
from backend.settings import Settings
from tests.unit.app.conftest import APP
from tests.unit.app.rig import Gate

PATIENT = 600.0
"""Seconds: longer than any machine takes to open a file."""
BUNDLE = str(APP / "backend/rds-ca-bundle.pem")


def tables(database: Database) -> list[str]:
    with database.connection() as connection:
        names: list[str] = inspect(connection).get_table_names()
        return names


def test_the_schema_is_created_once_by_the_first_connection(gate: Gate) -> None:
    for _ in range(2):
        gate.open.set()
        assert tables(Database(gate.engine(), patience=PATIENT)) == ["guestbook_entries"]


def test_a_request_waits_its_patience_and_later_ones_not_at_all(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited = [0.0], list[float | None]()

    class Opening(Future[None]):
        def result(self, timeout: float | None = None) -> None:
            waited.append(timeout)
            now[0] += timeout or 0.0
            return super().result(0)

    monkeypatch.setattr("backend.database.Future", Opening)
    monkeypatch.setattr("backend.database.time", SimpleNamespace(monotonic=lambda: now[0]))
    database = Database(gate.engine(), patience=0.3, waking=30)
    for _ in range(3):
        with pytest.raises(Waking):
            tables(database)
    assert waited == [0.3, 0.0, 0.0]
    gate.open.set()
    while database.is_opening():
        time.sleep(0.01)
    assert tables(database) == ["guestbook_entries"]


def test_a_database_that_does_not_wake_is_given_up(gate: Gate) -> None:
    with pytest.raises(OperationalError, match="timed out"):
        tables(Database(gate.engine(), patience=PATIENT, waking=0.2))
    assert 1 <= gate.tries <= 10


def test_a_refusal_is_reported_and_the_next_request_tries_again(gate: Gate) -> None:
    gate.broken = True
    gate.open.set()
    database = Database(gate.engine(), patience=PATIENT)
    for tries in (1, 2):
        with pytest.raises(OperationalError, match="refused"):
            tables(database)
        assert gate.tries == tries
    gate.broken = False
    assert tables(database) == ["guestbook_entries"]


def test_idle_connections_are_closed_so_that_aurora_can_pause(gate: Gate) -> None:
    gate.open.set()
    database = Database(gate.engine(), patience=PATIENT)
    tables(database)
    assert database.open_connections() == 1
    database.close_if_idle(60)
    assert database.open_connections() == 1
    database.close_if_idle(0)
    assert database.open_connections() == 0
    assert tables(database) == ["guestbook_entries"]
    database.close_if_idle(0)


def test_a_dead_connection_is_replaced_or_dropped(gate: Gate) -> None:
    gate.open.set()
    database = Database(gate.engine(), patience=PATIENT)
    tables(database)
    gate.made[-1].close()
    assert tables(database) == ["guestbook_entries"]
    gate.made[-1].close()
    gate.broken = True
    with pytest.raises(OperationalError, match="refused"):
        tables(database)
    assert database.open_connections() == 0


def test_nothing_is_kept_of_a_failed_transaction(gate: Gate) -> None:
    gate.open.set()
    database = Database(gate.engine(), patience=PATIENT)
    insert = "INSERT INTO guestbook_entries (token, name, text, written) VALUES ('t', 'n', 't', '2026-01-01')"
    with pytest.raises(OperationalError, match="nonsense"), database.connection() as connection:
        connection.exec_driver_sql(insert).connection.exec_driver_sql("nonsense")
    with database.connection() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM guestbook_entries").scalar_one() == 0
    database.close_if_idle(0)


def test_the_password_may_hold_any_character_and_is_not_shown() -> None:
    settings = Settings("127.0.0.1", 1, 0, "info", "db.internal", 3306, "sample", "dbadmin", "p:a/s@s#w%&?d", BUNDLE)
    engine = engine_for(settings)
    assert engine.hide_parameters  # nor are users' texts in the log of a failure
    url = engine.url
    assert url.password == settings.db_password
    assert settings.db_password not in f"{settings!r} {url!r} {url}"


def test_the_reason_holds_mysqls_number_and_nothing_else() -> None:
    refused = OperationalError("SELECT 1", {}, Exception(1045, "Access denied for user 'dbadmin'@'10.0.0.9'"))
    assert reason(refused) == "MySQL error 1045"
    assert reason(OperationalError("SELECT 1", {}, ValueError("secret"))) == "ValueError"
