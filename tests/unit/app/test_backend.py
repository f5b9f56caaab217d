from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from service.bodies import read_body
from tests.unit.app.rig import TOKEN, system

ENTRY = {"token": TOKEN, "name": "Ann", "text": "Hello"}


def test_an_entry_is_stored_once_however_often_it_is_sent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            statuses = [(await run.backend.post("/entries", json=ENTRY)).status_code for _ in range(3)]
            assert statuses == [201, 200, 200]
            other = await run.backend.post("/entries", json=ENTRY | {"text": "Other"})
            assert (other.status_code, other.json()["error"]["code"]) == (409, "token-used")
            seen = (await run.backend.get("/overview")).json()
            assert [(entry["name"], entry["text"]) for entry in seen["entries"]] == [("Ann", "Hello")]

    asyncio.run(scenario())


def test_the_newest_fifty_come_newest_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            for number in range(53):
                token = f"{number:08d}{TOKEN[8:]}"
                await run.backend.post("/entries", json=ENTRY | {"token": token, "text": str(number)})
            entries = (await run.backend.get("/overview")).json()["entries"]
            assert [entry["text"] for entry in entries] == [str(number) for number in range(52, 2, -1)]

    asyncio.run(scenario())


def test_the_overview_shows_the_database_only_on_request(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            seen = (await run.backend.get("/overview")).json()
            assert seen["answered_by"] == {"host": "b-host", "task": "b-task", "zone": "b-zone"}
            assert (seen["database"]["server"], seen["database"]["inside"]) == ("sqlite", None)
        async with system(tmp_path, show_databases=True) as run:
            inside = (await run.backend.get("/overview")).json()["database"]["inside"]
            assert inside["databases"] == [{"name": "main", "tables": ["guestbook_entries"]}]
            assert inside["version"].startswith("3.")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"{", 400, "not-json"), (b"\xff", 400, "not-json"), (b"[" * 16_000, 400, "not-json"), (b"[]", 422, "invalid")],
)
def test_what_is_no_entry_is_refused(tmp_path: Path, body: bytes, status: int, code: str) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            answer = await run.backend.post("/entries", content=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    asyncio.run(scenario())


def test_a_client_that_hangs_up_is_no_error_of_the_service() -> None:
    received = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(received)

    with pytest.raises(HTTPException) as refused:
        asyncio.run(read_body(Request({"type": "http", "method": "POST", "headers": []}, receive)))
    assert refused.value.status_code == 400


def test_a_body_that_is_too_long_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b" " * 1024

    async def scenario() -> httpx.Response:
        async with system(tmp_path) as run:
            return await run.backend.post("/entries", content=endless())

    assert asyncio.run(scenario()).status_code == 413
    assert 16 * 1024 < sent <= 20 * 1024


def test_a_sleeping_database_is_waking_while_the_service_is_well(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path, awake=False) as run:
            for path in ("/overview", "/ready"):
                answer = await run.backend.get(path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database-waking")
                assert answer.headers["retry-after"] == "5"
            assert (await run.backend.get("/health")).status_code == 200
            await run.wake()
            assert (await run.backend.get("/ready")).status_code == 200

    asyncio.run(scenario())


def test_health_leaves_the_database_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            assert (await run.backend.get("/health")).status_code == 200
            assert run.gate.tries == 0

    asyncio.run(scenario())


def test_a_database_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            run.gate.broken = True
            answer = await run.backend.get("/overview")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database-unavailable")
            assert "refused" not in answer.text

    asyncio.run(scenario())


def test_a_service_about_to_stop_is_not_ready_but_still_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            run.draining.set()
            assert (await run.backend.get("/ready")).status_code == 503
            assert (await run.backend.get("/overview")).status_code == 200

    asyncio.run(scenario())


def test_metrics_count_requests_and_are_not_for_the_public(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            await run.backend.get("/overview")
            await run.backend.request("BREW", "/nowhere")
            text = (await run.backend.get("/metrics")).text
            assert 'http_requests_total{endpoint="overview",method="GET",status="200"} 1\n' in text
            assert 'http_requests_total{endpoint="none",method="other",status="404"} 1\n' in text
            assert "database_connections_open 1\n" in text
            assert (await run.backend.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 404

    asyncio.run(scenario())
