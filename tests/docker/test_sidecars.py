"""Sidecars as real containers: an agent on localhost, a proxy in front, and a container that prepares the task."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import docker
import pytest

from ecs_emulator import control
from tests.cloud.project import Project
from tests.docker import containers
from tests.docker.images import PYTHON

CLUSTER = "ecs-sample-dev"
PROGRAM = '''"""`app.py PORT NAME NEXT`: answers with its name, at / also with what localhost answers at NEXT."""
import signal, sys, time, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
port, name, following, slow = int(sys.argv[1]), sys.argv[2], sys.argv[3:4], float(sys.argv[4] if sys.argv[4:] else 0)


def asked():
    return urllib.request.urlopen(f"http://127.0.0.1:{following[0]}/").read().decode() if following[:1] > ["0"] else ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{name} {asked() if self.path == '/' else ''}".strip().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


time.sleep(slow)
if name == "web":
    print("found at the start:", asked(), flush=True)
HTTPServer(("", port), Handler).serve_forever()
'''
STACK = """
project = "ecs-sample"
env = "dev"

[dns]
domain = "example.com"

[network]
zones = 2

[services.web]
build = "app"
command = "python3 /app.py 8080 web 9100"
port = 8080
public = true
target_container = "front"
depends_on = { agent = "healthy", init = "success" }
cpu = 512
memory = 1024

[services.web.sidecars.front]
build = "app"
command = "python3 /app.py 8000 front 8080"
port = 8000
depends_on = { web = "start" }

[services.web.sidecars.agent]
build = "app"
command = "python3 /app.py 9100 agent 0 3"
port = 9100
essential = false
memory = 128
user = "1000:1000"
read_only = true
health = { command = "python3 -c 'import socket; socket.create_connection((\\"127.0.0.1\\", 9100))'" }

[services.web.sidecars.init]
build = "app"
command = ["sh", "-c", "echo prepared; exit 0"]
essential = false
"""


@pytest.fixture(scope="module")
def project(engine: docker.DockerClient, new_project: Callable[[], Project]) -> Project:
    project = new_project()
    folder = project.directory / "app"
    (folder / "app.py").write_text(PROGRAM)
    (folder / "Dockerfile").write_text(f'FROM {PYTHON}\nCOPY app.py /app.py\nCMD ["python3"]\n')
    project.write(STACK)
    # what AWS takes is not waited for; containers that start and stop have all the time that they need
    control.set_clock(project.cloud.process, "virtual", idle=20)
    return project


def soon(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 90
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return found


def tasks(project: Project) -> list[dict[str, Any]]:
    ecs = project.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"]
    return list(ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]) if arns else []


def only(project: Project) -> dict[str, Any]:
    """The one task, once it runs and is alone: ECS starts a task more where it balances zones."""

    def found() -> dict[str, Any] | None:
        there = tasks(project)
        return there[0] if [one["lastStatus"] for one in there] == ["RUNNING"] else None

    task: dict[str, Any] = soon(found, "one task that runs")
    return task


def answer(project: Project) -> str:
    """Return the service's answer to a request from its own task, by the port of the sidecar in front."""
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/').read().decode())"
    return project.run("exec", "web", "--container", "agent", "--", "python3", "-c", ask).out.strip()


def container(engine: docker.DockerClient, project: Project, name: str) -> Any:
    task = only(project)
    mine = f"{CLUSTER}-web-{task['taskArn'].rpartition('/')[2][:12]}-{name}$"
    (found,) = containers.running(engine, project.state, mine)
    return found


def test_sidecars_answer_on_localhost_in_their_order(project: Project) -> None:
    project.up()
    assert project.planned() == {}
    task = only(project)
    shown = {one["name"]: (one["lastStatus"], one.get("exitCode")) for one in task["containers"]}
    assert shown == {
        "web": ("RUNNING", None),
        "front": ("RUNNING", None),
        "agent": ("RUNNING", None),
        "init": ("STOPPED", 0),
    }
    # the load balancer's checks go to the one in front, which asks the service, which asks its agent
    assert answer(project) == "front web agent"
    said = [json.loads(line) for line in project.run("logs", "web", "--since", "1d", "--json").out.splitlines()]
    texts = {(one["container"], one["text"]) for one in said}
    assert {("init", "prepared"), ("web", "found at the start: agent")} <= texts


def test_one_that_is_not_essential_may_end_and_another_not(engine: docker.DockerClient, project: Project) -> None:
    before = only(project)
    container(engine, project, "agent").kill()
    soon(lambda: any(one.get("exitCode") == 137 for one in only(project)["containers"]), "the agent's exit code")
    assert only(project)["taskArn"] == before["taskArn"]
    assert "sidecar agent has failed in 1 task" in project.run("status").out
    container(engine, project, "front").kill()
    soon(lambda: only(project)["taskArn"] != before["taskArn"], "another task")


def test_a_service_is_not_started_if_what_prepares_it_fails(project: Project) -> None:
    project.change("exit 0", "exit 3")
    failed = project.up(code=1).out
    assert "web: exit code 143; " in failed
    assert "front: exit code 143; init: exit code 3" in failed
    assert only(project), "what ran goes on"
    project.write(STACK)
    project.up()
    project.down()
