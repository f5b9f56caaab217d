"""Connect to the Docker engine; errors name the remedy."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from provisioner.docker.credentials import configuration_file
from provisioner.engine.errors import Interrupted, NotCreated
from provisioner.state.runtime import Event

SOCKET = Path("/var/run/docker.sock")
"""The default socket of an engine."""
SWITCH = "PROVISION_ENGINE"
"""The environment variable that, when it is 0, makes this tool behave as if there were no engine."""
ANSWER_SECONDS = 5
"""Seconds that an engine may take to answer a ping."""
QUIET_SECONDS = 3600
"""Seconds that it may be silent while it works: a long step of a build has no output."""
LOOK = 0.2
"""Seconds to wait for a silent stream before checking whether the user wants to stop."""

T = TypeVar("T")


class EngineError(NotCreated):
    """The engine cannot be reached or used; the message has the reason and the remedy."""

    code = "docker"


def named() -> bool:
    """Return whether an engine is configured. This is cheap; asking the engine would load docker's package."""
    if os.environ.get(SWITCH) == "0":
        return False
    return "DOCKER_HOST" in os.environ or bool(_context()) or SOCKET.exists()


def _context() -> str:
    """Return the docker context that names the engine: Docker Desktop, Colima and others set one up."""
    try:
        settings = json.loads(configuration_file().read_bytes())
        name = str(os.environ.get("DOCKER_CONTEXT") or settings.get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""
    return "" if name == "default" else name


def connect() -> Any:
    """Return a client for the engine that the docker command would use, after the engine has answered.

    Raises:
        EngineError: there is none, or this user may not use it.
    """
    import docker
    from docker.context import ContextAPI
    from docker.errors import DockerException

    address, name = os.environ.get("DOCKER_HOST", f"unix://{SOCKET}"), _context()
    try:
        if name and "DOCKER_HOST" not in os.environ:
            address = f"docker's context {name}"
            context = ContextAPI.get_context(name)
            address = context.Host
            client = docker.DockerClient(base_url=address, tls=context.TLSConfig, timeout=ANSWER_SECONDS)
        else:
            client = docker.from_env(timeout=ANSWER_SECONDS)
        client.ping()
    except (DockerException, OSError, ValueError, AttributeError) as error:
        raise EngineError(_unreachable(address, error)) from None
    client.api.timeout = QUIET_SECONDS
    return client


def _unreachable(address: str, error: Exception) -> str:
    if "permission denied" in str(error).lower():
        return (
            f"the Docker engine at {address} may not be used by this user (permission denied): join the group of its "
            f"socket, usually `docker`, and log in again"
        )
    return f"no Docker engine responds at {address}: start Docker, or set DOCKER_HOST"


def from_thread(items: Iterable[T], stop: Event) -> Iterator[T]:
    """Yield the items of a stream that may be silent for long, and stop when the user wants to.

    Raises:
        Interrupted: the user wants to stop. The reading thread goes on until the stream ends.
    """
    arrived: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def pump() -> None:
        try:
            for item in items:
                arrived.put((item, None))
            arrived.put((None, StopIteration()))
        except BaseException as error:  # noqa: BLE001 (it is raised where the stream is read)
            arrived.put((None, error))

    threading.Thread(target=pump, daemon=True).start()
    while not stop.is_set():
        try:
            item, error = arrived.get(timeout=LOOK)
        except queue.Empty:
            continue
        if isinstance(error, StopIteration):
            return
        if error is not None:
            raise error
        yield item  # type: ignore[misc]
    raise Interrupted("interrupted: run the same command again to resume")


def is_disk_full(text: str) -> bool:
    """Return whether the engine's message means that a disk is full."""
    return "no space left on device" in text.lower()


DISK_FULL = (
    "the Docker engine's disk is full (no space left on device): free space, for example with `docker system prune`, "
    "then run the same command again"
)
