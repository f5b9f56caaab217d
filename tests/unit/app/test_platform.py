"""Common parts of both services: settings, logs, their place, their end, and their images."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
import signal
from pathlib import Path
from threading import Event

import pytest
import uvicorn

from backend import settings as backend_settings
from frontend import settings as frontend_settings
from frontend.client import Unavailable
from frontend.picture import GAP, WIDTH, draw, place, way
from provisioner.config.builds import content_tag
from service.environment import SettingsError
from service.serving import Server
from service.telemetry import REQUEST_ID, JsonLines, request_id
from service.whereabouts import Whereabouts, find_out, from_metadata
from tests.unit.app.conftest import APP

BUNDLE = str(APP / "backend/rds-ca-bundle.pem")
DATABASE = {
    "DB_HOST": "db.internal",
    "DB_PORT": "3307",
    "DB_NAME": "s",
    "DB_USER": "u",
    "DB_PASSWORD": "p",
    "DB_CA_BUNDLE": BUNDLE,
}
WAKING = Unavailable("The database is waking.", answered=True, code="database-waking")


@pytest.mark.parametrize(
    ("place", "changed"),
    [
        ("service/telemetry.py", ["backend", "frontend"]),
        ("backend/backend/web.py", ["backend"]),
        ("backend/Dockerfile", ["backend"]),
        ("backend/requirements.lock", ["backend"]),
        ("frontend/frontend/static/style.css", ["frontend"]),
        ("frontend/requirements.lock", ["frontend"]),
        ("frontend/requirements.in", []),
        ("frontend/notes.txt", []),
    ],
)
def test_an_image_holds_its_service_and_the_shared_code(tmp_path: Path, place: str, changed: list[str]) -> None:
    """Both are built from one context, so that each Dockerfile's ignore file has to leave the other service out."""
    app = tmp_path / "app"
    shutil.copytree(APP, app)

    def tags() -> dict[str, str]:
        return {name: content_tag(app, dockerfile=f"{name}/Dockerfile") for name in ("backend", "frontend")}

    before = tags()
    with (app / place).open("a") as file:
        file.write("\n")
    assert [name for name, tag in tags().items() if tag != before[name]] == changed


@pytest.mark.parametrize("name", ["backend", "frontend"])
def test_what_an_image_is_built_from_passes_its_ignore_file(name: str) -> None:
    docker = (APP / name / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--)(\S+) ", docker, re.MULTILINE)
    first, *let_through, last = (APP / name / "Dockerfile.dockerignore").read_text().split()
    assert (first, last) == ("*", "**/__pycache__")
    assert sorted(let_through) == sorted(f"!{place}" for place in copied)


@pytest.mark.parametrize("service", ["backend", "frontend"])
def test_packages_are_locked_with_hashes_and_name_no_index(service: str) -> None:
    lock = (APP / service / "requirements.lock").read_text()
    pins = re.findall(r"^([a-z0-9-]+)==\S+", lock, re.MULTILINE)
    assert set((APP / service / "requirements.in").read_text().split()) <= set(pins)
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[a-z])", lock))
    assert "://" not in lock


def test_settings_are_read_as_the_stack_sets_them() -> None:
    backend = backend_settings.from_environment(DATABASE | {"PORT": "8080"})
    assert (backend.port, backend.db_host, backend.db_port, backend.db_ca_bundle) == (8080, "db.internal", 3307, BUNDLE)
    assert not backend.show_databases
    assert backend_settings.from_environment(DATABASE | {"SHOW_DATABASES": "yes"}).show_databases
    frontend = frontend_settings.from_environment({"BACKEND_URL": "http://backend.svc.internal:8080"})
    assert (frontend.port, frontend.backend_url) == (80, "http://backend.svc.internal:8080")


def test_wrong_settings_are_reported_together_without_passwords() -> None:
    wrong = {"DB_PORT": "70000", "PORT": "²", "LOG_LEVEL": "loud", "DB_PASSWORD": "hunter2", "DB_NAME": ""}
    with pytest.raises(SettingsError) as caught:
        backend_settings.from_environment(wrong)
    assert re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)*\b", str(caught.value)) == [
        "PORT", "LOG_LEVEL", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_CA_BUNDLE",
    ]  # fmt: skip
    assert "hunter2" not in str(caught.value)


def test_a_ca_bundle_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        backend_settings.from_environment(DATABASE | {"DB_CA_BUNDLE": str(tmp_path / "none.pem")})
    (tmp_path / "some.pem").write_text("nothing")
    with pytest.raises(SettingsError, match="no certificate can be read"):
        backend_settings.from_environment(DATABASE | {"DB_CA_BUNDLE": str(tmp_path / "some.pem")})


def test_the_backends_image_brings_rds_certificates() -> None:
    docker = (APP / "backend/Dockerfile").read_text()
    assert "\nCOPY backend/rds-ca-bundle.pem /app/\n" in docker
    assert "DB_CA_BUNDLE=/app/rds-ca-bundle.pem\n" in docker


@pytest.mark.parametrize("url", ["", "backend:8080", "ftp://x", "http://x/path", "http://a b", "http://x:1\n"])
def test_the_backends_address_is_checked(url: str) -> None:
    with pytest.raises(SettingsError, match="BACKEND_URL"):
        frontend_settings.from_environment({"BACKEND_URL": url})


def test_a_log_record_is_one_line_of_json_with_its_request() -> None:
    error = ValueError("several\nlines")
    record = logging.LogRecord("web", logging.ERROR, "f.py", 1, "It %s\nbadly", ("went",), (ValueError, error, None))
    record.fields = {"status": 500}
    REQUEST_ID.set("abcd-1234")
    line = JsonLines("backend").format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["service"], told["message"]) == ("error", "backend", "It went\nbadly")
    assert (told["request_id"], told["status"]) == ("abcd-1234", 500)
    assert told["exception"].endswith("ValueError: several\nlines")
    assert told["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-request-id": "12345678"}, "12345678"),
        (
            {"x-amzn-trace-id": "Self=1-0;Root=1-67891233-abcdef012345678912345678"},
            "1-67891233-abcdef012345678912345678",
        ),
        ({"x-request-id": "12345678", "x-amzn-trace-id": "Root=1-67891233-abc"}, "12345678"),
        ({"x-request-id": "a b c d e f"}, "[0-9a-f]{32}"),
        ({"x-request-id": "a" * 65}, "[0-9a-f]{32}"),
        ({}, "[0-9a-f]{32}"),
    ],
)
def test_a_requests_id_is_the_callers_the_balancers_or_new(headers: dict[str, str], expected: str) -> None:
    assert re.fullmatch(expected, request_id(headers))


def test_the_place_is_read_from_ecs_metadata_where_there_is_any() -> None:
    arn = "arn:aws:ecs:eu-west-1:123456789012:task/stack/0123456789abcdef"
    here = from_metadata("h", {"TaskARN": arn, "AvailabilityZone": "eu-west-1b", "Containers": []})
    assert here == Whereabouts("h", "0123456789abcdef", "eu-west-1b")
    assert from_metadata("h", {}) == Whereabouts("h")
    assert find_out({}).task == ""
    told = find_out({"TASK_ID": "1a2b", "AVAILABILITY_ZONE": "ap-northeast-1c"})
    assert (told.task, told.zone) == ("1a2b", "ap-northeast-1c")


def server(seconds: int) -> tuple[Server, Event]:
    draining = Event()
    return Server(uvicorn.Config("unused"), draining, seconds), draining


def test_sigterm_drains_before_it_stops() -> None:
    running, draining = server(60)
    assert not asyncio.run(running.on_tick(1))
    running.handle_exit(signal.SIGTERM, None)
    assert draining.is_set()
    assert not asyncio.run(running.on_tick(1))
    assert (b"connection", b"close") in running.config.encoded_headers
    running.handle_exit(signal.SIGTERM, None)
    assert asyncio.run(running.on_tick(1))


def test_draining_ends() -> None:
    running, _ = server(0)
    running.handle_exit(signal.SIGTERM, None)
    assert asyncio.run(running.on_tick(1))


def test_sigint_stops_at_once() -> None:
    running, draining = server(60)
    running.handle_exit(signal.SIGINT, None)
    assert asyncio.run(running.on_tick(1))
    assert not draining.is_set()


def test_boxes_stand_in_a_row_and_hold_their_lines() -> None:
    here = Whereabouts("ip-10-0-80-7.eu-west-1.compute.internal", "0123456789abcdef0123456789abcdef", "b")
    assert place(here) == ("task 0123456789abcde…", "zone b", "host ip-10-0-80-7.eu…")
    stops = way(here, "https", WAKING)
    picture = draw(stops)
    assert [box.x for box in picture.boxes] == [index * (WIDTH + GAP) for index in range(5)]
    assert picture.width == picture.boxes[-1].x + WIDTH
    assert [stop.reached for stop in stops] == [True, True, True, True, False]
    assert [stop.title for stop in way(here, None, WAKING)][:2] == ["Your browser", "Frontend"]
