"""The embedded cloud leaves nothing in the engine, even if it ends in the middle of its work."""

from __future__ import annotations

import threading
from typing import Any

import docker
import pytest

from ecs_emulator.containers.engine import CLOUD, Ended, Engine
from ecs_emulator.containers.networks import network
from tests.docker.images import PYTHON


def test_a_container_in_creation_goes_too_and_none_follows(engine: docker.DockerClient) -> None:
    host, begun, go = Engine(engine, "end-test"), threading.Event(), threading.Event()

    def create() -> None:
        with host.creating():
            begun.set()
            go.wait()
            settings = engine.api.create_host_config(network_mode=network(host, "sg-1"))
            engine.api.create_container(PYTHON, ["sleep", "600"], labels=host.labels, name="late", host_config=settings)
            engine.api.start("late")

    creating = threading.Thread(target=create)
    creating.start()
    begun.wait()
    ending = threading.Thread(target=host.end)
    ending.start()
    go.set()
    creating.join()
    ending.join()
    wanted: dict[str, Any] = {"filters": {"label": f"{CLOUD}=end-test"}}
    assert engine.api.containers(all=True, **wanted) == []
    assert engine.api.networks(**wanted) == []
    with pytest.raises(Ended), host.creating():
        pass
