"""The check that runs in a container: it asks the program there, and reports the answer by its exit code."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

APP = Path(__file__).parents[3] / "app"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" and self.server.well else 503)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def check(port: int) -> int:
    environment = {"PYTHONPATH": str(APP), "PORT": str(port)}
    return subprocess.run(
        [sys.executable, "-m", "service.check"], env=environment, check=False, capture_output=True, timeout=30
    ).returncode


def test_it_passes_only_what_answers_200(server: HTTPServer) -> None:
    server.well = True  # type: ignore[attr-defined]
    assert check(server.server_port) == 0
    server.well = False  # type: ignore[attr-defined]
    assert check(server.server_port) == 1
    server.shutdown()
    server.server_close()
    assert check(server.server_port) == 1
