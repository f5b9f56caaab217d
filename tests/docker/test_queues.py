"""A queue that real containers work off: one task becomes three by the backlog, and one again when it is gone."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from typing import Any

import docker
import pytest

from ecs_emulator import control
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import Project
from tests.cloud.warm import ROOT
from tests.docker import containers
from tests.docker.images import PYTHON
from tests.docker.site import awaited

MESSAGES = 16
STACK = """
project = "work"
env = "dev"

[network]
zones = 2

[queues.todo]
visibility_timeout = 3600

[queues.done]

[services.worker]
build = "worker"
queues = { todo = "receive", done = "send" }
scaling = { min = 1, max = 3, scale_in_cooldown = 60, backlog = { queue = "todo", per_task = 2 } }
"""
DOCKERFILE = f"""
FROM {PYTHON}
COPY requirements.lock /
RUN python3 -m pip install --no-cache-dir --no-deps --only-binary=:all: --require-hashes -r /requirements.lock
COPY worker.py /
USER 10001
CMD ["python3", "-u", "/worker.py"]
"""
WORKER = """
import json, os, signal, socket, time

import boto3

ends = False


def end(*_):
    global ends
    ends = True


signal.signal(signal.SIGTERM, end)
sqs = boto3.client("sqs")
todo, done = os.environ["TODO_QUEUE_URL"], os.environ["DONE_QUEUE_URL"]
while not ends:
    for message in sqs.receive_message(QueueUrl=todo, WaitTimeSeconds=1).get("Messages", ()):
        time.sleep(2)
        result = {"number": int(message["Body"]), "host": socket.gethostname()}
        sqs.send_message(QueueUrl=done, MessageBody=json.dumps(result))
        sqs.delete_message(QueueUrl=todo, ReceiptHandle=message["ReceiptHandle"])
"""


@pytest.mark.timeout(600)
def test_containers_follow_the_backlog_and_lose_no_message(
    engine: docker.DockerClient, new_project: Callable[[], Project]
) -> None:
    project = new_project()
    folder = project.directory / "worker"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "worker.py").write_text(WORKER)
    shutil.copy(ROOT / "examples" / "django" / "requirements.lock", folder)
    project.write(STACK)
    before, sqs = project.inventory(), project.cloud.client("sqs")
    project.up()
    control.set_clock(project.cloud.process, "real:60")
    todo, done = (sqs.get_queue_url(QueueName=f"work-dev-{name}")["QueueUrl"] for name in ("todo", "done"))

    def workers() -> int:
        return len(containers.running(engine, project.state, "work-dev-worker"))

    assert workers() == 1
    for number in range(MESSAGES):
        sqs.send_message(QueueUrl=todo, MessageBody=str(number))
    awaited(lambda: workers() == 3, "two more containers")
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    while len(found) < MESSAGES and time.monotonic() < deadline:
        for one in sqs.receive_message(QueueUrl=done, MaxNumberOfMessages=10).get("Messages", ()):
            sqs.delete_message(QueueUrl=done, ReceiptHandle=one["ReceiptHandle"])
            found.append(json.loads(one["Body"]))
    assert sorted(one["number"] for one in found) == [*range(MESSAGES)], "each once"
    assert len({one["host"] for one in found}) > 1
    awaited(lambda: workers() == 1, "one container again", 120)
    assert project.planned() == {}
    control.set_clock(project.cloud.process, "virtual")
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
    awaited(lambda: not containers.names(engine, project.state, ended=True), "no container left")
