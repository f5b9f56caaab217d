"""An image that begins as root: its use of the capabilities that it keeps, and its failures without them."""

from __future__ import annotations

import time
from collections.abc import Collection

import docker
import pytest

from ecs_emulator.containers.engine import LIMITS
from provisioner.config.capabilities import OF_ROOT, dropped
from tests.docker.images import PYTHON

ENTRYPOINT = """
import os, signal, sys, time

os.mkdir("/var/lib/data", 0o700)
os.chown("/var/lib/data", 65534, 65534)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
open("/var/lib/data/file", "w").close()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready", flush=True)
time.sleep(60)
"""
"""Prepares a directory and goes on as another user, as the entrypoints of database images do."""


def outcome(engine: docker.DockerClient, kept: Collection[str]) -> tuple[int, str]:
    """The exit code and the output of a container that is stopped once it is ready."""
    container = engine.containers.run(
        PYTHON, ["python3", "-c", ENTRYPOINT], user="0", init=True, cap_drop=dropped(kept), detach=True, **LIMITS
    )
    try:
        deadline = time.monotonic() + 30
        while b"ready" not in container.logs() and container.status != "exited":
            assert time.monotonic() < deadline, container.logs().decode()
            time.sleep(0.2)
            container.reload()
        container.stop(timeout=3)
        return int(container.wait()["StatusCode"]), container.logs().decode()
    finally:
        container.remove(force=True)


def test_an_image_that_begins_as_root_starts_and_ends(engine: docker.DockerClient) -> None:
    assert outcome(engine, OF_ROOT) == (0, "ready\n")


@pytest.mark.parametrize("without", ["CHOWN", "SETGID", "SETUID"])
def test_without_these_it_does_not_start(engine: docker.DockerClient, without: str) -> None:
    code, said = outcome(engine, {*OF_ROOT} - {without})
    assert (code, "PermissionError" in said) == (1, True)


def test_the_init_process_without_kill_ends_its_work_midway(engine: docker.DockerClient) -> None:
    """The signal cannot be passed on, at which the init process gives up, and all others go with it."""
    code, said = outcome(engine, {*OF_ROOT} - {"KILL"})
    assert code != 0
    assert "Operation not permitted" in said
