"""Share a file system between real containers of two services: one writes to it, another one reads and answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.request import urlopen

import docker
import pytest

from ecs_emulator.containers import engine as engines
from ecs_emulator.containers.file_systems import FILE_SYSTEM
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import Project
from tests.docker.images import PYTHON
from tests.docker.test_unnoticed import trusted

SECONDS = 30
WEB = """
import http.server, pathlib


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        if name.startswith("write-"):
            pathlib.Path("/srv/media", name).write_text("picture")
        answer = pathlib.Path("/srv/answers", name)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.read_bytes() if name and answer.exists() else b"none yet")


http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
WORKER = """
import pathlib, time

while True:
    for one in pathlib.Path("/data").glob("write-*"):
        try:
            pathlib.Path("/data/own").write_text("refused")
            refused = "no"
        except OSError:
            refused = "yes"
        pathlib.Path("/answers", one.name).write_text(f"{one.read_text()}, read-only: {refused}")
    time.sleep(0.2)
"""
STACK = """
project = "shop"
env = "dev"

[network]
zones = 2
egress = "none"

[dns]
domain = "example.com"

[volumes.media]

[volumes.answers]

[services.web]
build = "web"
port = 8080
public = true
volumes = { media = "/srv/media", answers = "/srv/answers" }

[services.worker]
build = "worker"
volumes = { media = { path = "/data", read_only = true }, answers = "/answers" }
"""


@pytest.mark.timeout(900)
def test_a_worker_reads_files_that_a_web_service_writes(
    engine: docker.DockerClient, new_project: Callable[[], Project]
) -> None:
    project = new_project()
    for name, program, user in (("web", WEB, 10001), ("worker", WORKER, 10002)):
        (project.directory / name).mkdir()
        (project.directory / name / "app.py").write_text(program)
        lines = f'FROM {PYTHON}\nCOPY app.py /app.py\nUSER {user}\nCMD ["python3", "-u", "/app.py"]\n'
        (project.directory / name / "Dockerfile").write_text(lines)
    project.write(STACK)
    before = project.inventory()
    project.up()
    assert project.planned() == {}
    assert answer(project, "write-1") == "picture, read-only: yes"
    assert len(volumes(engine, project)) == 2
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
    deadline = time.monotonic() + SECONDS
    while volumes(engine, project) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert volumes(engine, project) == []


def answer(project: Project, name: str) -> str:
    """Return the worker's answer to a file that the web service writes."""
    url, context = project.run("output", "local_url").out.strip(), trusted(project)
    deadline = time.monotonic() + SECONDS
    said = ""
    while time.monotonic() < deadline and not said.startswith("picture"):
        with urlopen(f"{url.rstrip('/')}/{name}", context=context, timeout=10) as response:
            said = response.read().decode()
        time.sleep(0.3)
    return said


def volumes(engine: docker.DockerClient, project: Project) -> list[str]:
    """Return the names of the volumes that stand for file systems of a project's cloud."""
    labels = [f"{engines.CLOUD}={engines.owner_of(project.state)}", FILE_SYSTEM]
    return [one.name for one in engine.volumes.list(filters={"label": labels})]
