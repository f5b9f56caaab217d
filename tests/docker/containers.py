"""The containers of one embedded cloud, in an engine that clouds of other tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docker

from ecs_emulator.containers.engine import CLOUD, owner_of


def of(state: Path, name: str = "") -> dict[str, str]:
    """Return the filters of Docker's lists for the containers of a cloud whose names begin with a prefix."""
    return {"label": f"{CLOUD}={owner_of(state)}", "name": f"^/?{name}"}


def running(engine: docker.DockerClient, state: Path, name: str) -> list[Any]:
    """The running containers of a cloud whose name begins so."""
    return list(engine.containers.list(filters=of(state, name), ignore_removed=True))


def names(engine: docker.DockerClient, state: Path, name: str = "", *, ended: bool = False) -> set[str]:
    """Return the names of these containers by one question to the engine."""
    found = engine.api.containers(all=ended, filters=of(state, name))
    return {one["Names"][0].removeprefix("/") for one in found if one["Names"]}
