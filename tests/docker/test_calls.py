"""Calls of an internal service by DNS while it is deployed, in real containers: how many of them are lost.

The numbers of docs/network.md are what this prints: `pytest -s -m enumeration tests/docker/test_calls.py`. It measures
on a real clock, so that what it finds depends on the machine, and continuous integration leaves it out.
"""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator

import docker
import pytest

from ecs_emulator import control
from tests.cloud.project import Project
from tests.docker.test_unnoticed import APP, DOCKERFILE

STACK = """
project = "shop"
env = "dev"

[dns]
domain = "example.com"
create_zone = true

[services.web]
build = "web"
port = 8080
public = true
calls = ["api"]

[services.api]
build = "api"
port = 9000
environment = { HEALTH = "/health", RELEASE = "1" }
"""
CALLER = """
import http.client, http.server, json, os, socket, threading, time, urllib.parse

url = urllib.parse.urlsplit(os.environ["API_URL"])
ways = ("each call asks", "the answer is kept for 10 s", "the connection is kept")
counts = {way: {"calls": 0, "lost": 0} for way in ways}


def call(way):
    connection, address, until = None, None, 0.0
    while True:
        try:
            if way != "the connection is kept" or connection is None:
                if way == "each call asks" or time.monotonic() > until:
                    address = socket.gethostbyname(url.hostname)
                    until = time.monotonic() + 10
                connection = http.client.HTTPConnection(address, url.port, timeout=2)
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
            lost = answer.status != 200
        except (OSError, http.client.HTTPException):
            connection, lost, until = None, True, until if way == "the answer is kept for 10 s" else 0.0
        counts[way]["calls"] += 1
        counts[way]["lost"] += lost
        time.sleep(0.05)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(counts).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


for way in ways:
    threading.Thread(target=call, args=(way,), daemon=True).start()
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def shop(engine: docker.DockerClient, new_project: Callable[[], Project]) -> Iterator[Project]:
    project = new_project()
    for name, app in (("web", CALLER), ("api", APP)):
        (project.directory / name).mkdir()
        (project.directory / name / "Dockerfile").write_text(DOCKERFILE)
        (project.directory / name / "app.py").write_text(app)
    project.write(STACK)
    project.up()
    yield project
    control.set_clock(project.cloud.process, "virtual")
    project.down()


@pytest.mark.enumeration
@pytest.mark.timeout(1500)
def test_calls_by_dns_are_lost_at_a_deployment(shop: Project) -> None:
    url = shop.run("output", "local_url").out.strip()
    trusted = ssl.create_default_context(cafile=str(shop.state / "app.example.com.pem"))

    def counts() -> dict[str, dict[str, int]]:
        with urllib.request.urlopen(url, timeout=30, context=trusted) as answer:
            found: dict[str, dict[str, int]] = json.loads(answer.read())
            return found

    # one second here is one of AWS's: how long an answer is kept is measured with what ECS does meanwhile
    control.set_clock(shop.cloud.process, "real")
    time.sleep(15)
    before = counts()
    shop.change('RELEASE = "1"', 'RELEASE = "2"')
    shop.up()
    time.sleep(15)
    after = counts()
    lost = {}
    for way, one in after.items():
        calls, lost[way] = (one[name] - before[way][name] for name in ("calls", "lost"))
        print(f"{way}: {lost[way]} of {calls} calls lost", flush=True)
    assert lost["the answer is kept for 10 s"] > 0
    # and none is lost when nothing is deployed
    time.sleep(5)
    assert {way: one["lost"] for way, one in counts().items()} == {way: one["lost"] for way, one in after.items()}
