from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.unit.app.rig import TOKEN, system

FORM = {"token": TOKEN, "name": "Ann", "text": "Hello"}


def test_the_page_shows_what_came_through_both_services(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            written = await run.frontend.post("/", data=FORM)
            assert (written.status_code, written.headers["location"]) == (303, "/")
            page = await run.frontend.get("/", headers={"X-Forwarded-Proto": "https"})
            assert page.status_code == 200
            words = ("Ann", "Hello", "sqlite", "f-task", "b-task", "f-zone", "b-zone", "f-host", "b-host")
            assert [word for word in words if word not in page.text] == []
            assert "Your browser, then Load balancer, then Frontend, then Backend, then Database" in page.text

    asyncio.run(scenario())


def test_tables_databases_and_versions_are_shown_on_request_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            page = (await run.frontend.get("/")).text
            assert "guestbook_entries" not in page
            assert "sqlite 3." not in page
        async with system(tmp_path, show_databases=True) as run:
            page = (await run.frontend.get("/")).text
            assert "<code>guestbook_entries</code>" in page
            assert "sqlite 3." in page

    asyncio.run(scenario())


OWN = {"Host": "app.example.com", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN | {"Sec-Fetch-Site": "same-origin", "Origin": "https://app.example.com"}, 303),
        (OWN | {"Sec-Fetch-Site": "none"}, 303),
        (OWN | {"Origin": "https://app.example.com"}, 303),
        ({"Host": "127.0.0.1:8443", "X-Forwarded-Proto": "https", "Origin": "https://127.0.0.1:8443"}, 303),
        ({"Host": "10.0.0.9", "Origin": "http://10.0.0.9"}, 303),
        (OWN, 303),  # no browser
        (OWN | {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
        (OWN | {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"}, 403),
        (OWN | {"Origin": "https://evil.example"}, 403),
        (OWN | {"Origin": "https://app.example.com.evil.example"}, 403),
        (OWN | {"Origin": "http://app.example.com"}, 403),  # an attacker who can change HTTP requests
        (OWN | {"Origin": "null"}, 403),
        ({"Host": "127.0.0.1:8443", "X-Forwarded-Proto": "https", "Origin": "https://127.0.0.1:9999"}, 403),
    ],
)
def test_no_other_site_writes_an_entry(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            assert (await run.frontend.post("/", data=FORM, headers=headers)).status_code == status
            assert (await run.frontend.get("/")).text.count("<article>") == (status == 303)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (OWN, True),
        ({"Host": "app.example.com", "X-Forwarded-Proto": "http"}, False),
        ({"Host": "app.example.com"}, False),
        ({"Host": "localhost:8443", "X-Forwarded-Proto": "https"}, False),  # all ports of it would be bound
    ],
)
def test_browsers_are_bound_to_https_where_they_came_by_it(tmp_path: Path, headers: dict[str, str], told: bool) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            for path in ("/", "/nowhere", "/static/style.css"):
                answer = (await run.frontend.get(path, headers=headers)).headers
                assert answer.get("strict-transport-security") == ("max-age=31536000" if told else None)

    asyncio.run(scenario())


def test_what_people_write_is_text_and_never_markup(tmp_path: Path) -> None:
    evil = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7*7 }}"""

    async def scenario() -> None:
        async with system(tmp_path) as run:
            await run.frontend.post("/", data=FORM | {"text": evil})
            refused = await run.frontend.post("/", data={"token": evil, "name": evil * 9, "text": evil})
            for page in (await run.frontend.get("/"), refused):
                assert "<script" not in page.text
                assert "<img" not in page.text
                assert "&lt;script&gt;" in page.text
                assert "{{ 7*7 }}" in page.text
            assert refused.status_code == 422

    asyncio.run(scenario())


def test_every_response_has_a_strict_content_security_policy(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            for path in ("/", "/static/style.css", "/nowhere", "/health"):
                headers = (await run.frontend.get(path)).headers
                assert headers["content-security-policy"].startswith("default-src 'none'; ")
                assert "unsafe" not in headers["content-security-policy"]
                assert "; frame-ancestors 'none'" in headers["content-security-policy"]
                assert headers["x-content-type-options"] == "nosniff"
                assert headers["referrer-policy"] == "same-origin"
            page = (await run.frontend.get("/")).text
            assert re.findall(r"<script|<style|\sstyle=|\son\w+=|https?://|javascript:", page) == []
            for link in re.findall(r'(?:href|src)="([^"]*)"', page):
                assert (await run.frontend.get(link)).status_code == 200

    asyncio.run(scenario())


def test_a_refused_entry_is_shown_again_with_the_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            page = await run.frontend.post("/", data=FORM | {"name": " ", "text": "\nkept"})
            assert page.status_code == 422
            assert "Please write a name." in page.text
            assert '<textarea id="text" name="text" required maxlength="500" rows="3">\n\nkept</textarea>' in page.text
            assert TOKEN in page.text

    asyncio.run(scenario())


@pytest.mark.parametrize("body", [b"\xff", b"name=%ff", b"a=1&b=2&c=3&d=4"])
def test_a_form_that_is_none_is_refused(tmp_path: Path, body: bytes) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            assert (await run.frontend.post("/", content=body)).status_code == 400

    asyncio.run(scenario())


def test_a_waking_database_is_asked_again_and_loses_no_entry(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path, awake=False) as run:
            page = await run.frontend.get("/")
            assert (page.status_code, page.headers["refresh"]) == (503, "5")
            assert "The database is waking" in page.text
            assert "Database (not reached)" in page.text
            written = await run.frontend.post("/", data=FORM)
            assert (written.status_code, "refresh" in written.headers) == (503, False)
            assert "Hello</textarea>" in written.text
            await run.wake()
            assert (await run.frontend.post("/", data=FORM)).status_code == 303
            assert (await run.frontend.get("/")).text.count("<article>") == 1

    asyncio.run(scenario())


def test_a_used_token_is_reported_and_replaced(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            await run.frontend.post("/", data=FORM)
            page = await run.frontend.post("/", data=FORM | {"text": "Other"})
            assert page.status_code == 409
            [token] = re.findall(r'name="token" value="([^"]*)"', page.text)
            assert token != TOKEN
            again = await run.frontend.post("/", data=FORM | {"text": "Other", "token": token})
            assert again.status_code == 303

    asyncio.run(scenario())


def test_a_broken_connection_is_tried_once_more_and_stores_once(tmp_path: Path) -> None:
    tries: list[str] = []

    def break_first(request: httpx.Request) -> None:
        tries.append(request.url.path)
        if tries.count(request.url.path) == 1:
            raise httpx.ReadError("broken")

    async def scenario() -> None:
        async with system(tmp_path, between=break_first) as run:
            assert (await run.frontend.post("/", data=FORM)).status_code == 303
            assert (await run.frontend.get("/")).text.count("<article>") == 1
            assert tries == ["/entries", "/entries", "/overview", "/overview"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("error", "words", "tries"),
    [
        (httpx.ConnectError("refused"), "The backend cannot be reached.", 2),
        (httpx.ReadTimeout("slow"), "The backend did not answer in time.", 1),
    ],
)
def test_without_the_backend_the_page_says_so(tmp_path: Path, error: Exception, words: str, tries: int) -> None:
    seen: list[str] = []

    def fail(request: httpx.Request) -> None:
        seen.append(request.url.path)
        raise error

    async def scenario() -> None:
        async with system(tmp_path, between=fail) as run:
            page = await run.frontend.get("/")
            assert page.status_code == 503
            assert words in page.text
            assert "Backend (not reached)" in page.text
            assert len(seen) == tries
            assert (await run.frontend.get("/health")).status_code == 200
            assert (await run.frontend.get("/ready")).status_code == 503

    asyncio.run(scenario())


def test_the_id_of_a_request_goes_through_both_services(tmp_path: Path) -> None:
    ids: list[str] = []

    async def scenario() -> None:
        async with system(tmp_path, between=lambda request: ids.append(request.headers["x-request-id"])) as run:
            page = await run.frontend.get("/", headers={"X-Request-Id": "abcd-1234"})
            assert page.headers["x-request-id"] == "abcd-1234"
            assert "<code>abcd-1234</code>" in page.text
            fresh = (await run.frontend.get("/", headers={"X-Request-Id": 'x"y'})).headers["x-request-id"]
            assert ids == ["abcd-1234", fresh]
            assert re.fullmatch("[0-9a-f]{32}", fresh)

    asyncio.run(scenario())


def test_a_frontend_about_to_stop_is_not_ready(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with system(tmp_path) as run:
            assert (await run.frontend.get("/ready")).status_code == 200
            run.draining.set()
            assert (await run.frontend.get("/ready")).status_code == 503

    asyncio.run(scenario())
