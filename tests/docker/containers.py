"""The containers of one embedded cloud, among those of the clouds that other tests run in the same engine meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docker

from ecs_emulator.containers.engine import CLOUD, owner_of


def of(state: Path, name: str = "") -> dict[str, str]:
    """The filters of Docker's lists for what the cloud with this directory has, and whose name begins so."""
    return {"label": f"{CLOUD}={owner_of(state)}", "name": f"^/?{name}"}


def running(engine: docker.DockerClient, state: Path, name: str) -> list[Any]:
    """The running containers of a cloud whose name begins so."""
    return list(engine.containers.list(filters=of(state, name), ignore_removed=True))


def names(engine: docker.DockerClient, state: Path, name: str = "", *, ended: bool = False) -> set[str]:
    """The names of those; it asks the engine once only, as what is done again and again should."""
    found = engine.api.containers(all=ended, filters=of(state, name))
    return {one["Names"][0].removeprefix("/") for one in found if one["Names"]}
