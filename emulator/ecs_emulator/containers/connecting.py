"""Connect to the Docker engine that the `docker` command would use, or say how to get one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

SOCKET = Path("/var/run/docker.sock")
"""The socket at which an engine listens by default."""
SWITCH = "PROVISION_ENGINE"
"""The environment variable that switches the engine off when it is 0."""
ANSWER_SECONDS = 5
"""The time for an engine to answer at first."""
QUIET_SECONDS = 3600
"""The time for a later call without an answer: the pull of a large image is silent."""


class NoEngine(Exception):
    """The engine cannot be reached or used; the message names the reason and the remedy."""


def named() -> bool:
    """Return whether anything names an engine. This is cheap: connecting to one loads docker's package."""
    if os.environ.get(SWITCH) == "0":
        return False
    return "DOCKER_HOST" in os.environ or bool(_context()) or SOCKET.exists()


def _context() -> str:
    """Return the context in which docker finds its engine: Docker Desktop, Colima and others set one up."""
    path = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    try:
        settings = json.loads(path.read_bytes())
        name = str(os.environ.get("DOCKER_CONTEXT") or settings.get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""
    return "" if name == "default" else name


def connect() -> Any:
    """Return a client of docker's SDK for an engine that has answered.

    Raises:
        NoEngine: there is none, or this user may not use it.
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
        raise NoEngine(_unreachable(address, error)) from None
    client.api.timeout = QUIET_SECONDS
    return client


def _unreachable(address: str, error: Exception) -> str:
    if "permission denied" in str(error).lower():
        return (
            f"the Docker engine at {address} may not be used by this user (permission denied): join the group of its "
            f"socket, usually `docker`, and log in again"
        )
    return f"no Docker engine responds at {address}: start Docker, or set DOCKER_HOST"
