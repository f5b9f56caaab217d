"""The containers of databases and caches: made under the names of their endpoints, moved, and asked from inside."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_emulator.containers import networks
from ecs_emulator.containers.authority import archive, authority
from ecs_emulator.containers.engine import LIMITS, Engine

FOLDER = "tls"
"""The directory in a container's root with the server's certificate and that of its authority."""
CERTIFICATE, AUTHORITY = f"/{FOLDER}/server", f"/{FOLDER}/ca"
LOOK_SECONDS = 0.2
START_SECONDS = 60
"""The seconds of this machine that a task waits for a server."""

Command = tuple[Sequence[str], Mapping[str, str]]
"""A command in a container, and its variables."""


@dataclass(frozen=True)
class Place:
    """A place in the network: the container's name, its security groups, and the host names that lead to it."""

    name: str
    groups: tuple[str, ...]
    aliases: frozenset[str]


def create(host: Engine, place: Place, image: str, command: Sequence[str], **more: Any) -> None:
    """Create a container with a server; it does not start yet.

    Args:
        more: further arguments of Docker's create call.
    """
    api, homes = host.client.api, [networks.network(host, group) for group in place.groups]
    aliases = api.create_endpoint_config(aliases=sorted(place.aliases))
    api.create_container(
        image,
        [*command],
        name=place.name,
        hostname=place.name[:63],
        labels=host.labels,
        host_config=api.create_host_config(network_mode=homes[0], **LIMITS),
        networking_config=api.create_networking_config({homes[0]: aliases}),
        **more,
    )
    for home in homes[1:]:
        api.connect_container_to_network(place.name, home, aliases=sorted(place.aliases))


def identity(endpoints: Sequence[str]) -> dict[str, bytes]:
    """Return the files with which a server proves its names: a new certificate, and that of the authority."""
    return {"ca": authority().pem, "server": authority().issue(endpoints)}


def put(host: Engine, name: str, files: Mapping[str, bytes]) -> None:
    """Write files into `FOLDER` of a container."""
    packed = archive({f"{FOLDER}/{file}": content for file, content in files.items()})
    host.client.api.put_archive(name, "/", packed)


def move(host: Engine, place: Place, before: Sequence[str]) -> None:
    """Change the names or the security groups of a container. This cuts its connections, as it leaves its networks.

    Args:
        before: the security groups that it is in.
    """
    api = host.client.api
    for group in before:
        api.disconnect_container_from_network(place.name, networks.network(host, group))
    for group in place.groups:
        home = networks.network(host, group)
        api.connect_container_to_network(place.name, home, aliases=sorted(place.aliases))


def run(host: Engine, name: str, command: Command) -> str:
    """Run a command in a container; return an empty text if it succeeds, else its output or Docker's refusal."""
    from docker.errors import APIError

    api, (words, variables) = host.client.api, command
    try:
        made = api.exec_create(name, [*words], environment=dict(variables))
        said = api.exec_start(made["Id"])
        code = api.exec_inspect(made["Id"])["ExitCode"]
    except APIError as error:  # it does not run, or does not exist yet
        return str(error.explanation)
    return "" if code == 0 else said.decode(errors="replace") or f"exit code {code}"


def change(host: Engine, name: str, command: Command, wanted: str) -> bool:
    """Run a command that changes a server, and return whether the server has taken the change.

    Args:
        wanted: the change in words.
    """
    problem = run(host, name, command)
    if problem:
        sys.stderr.write(f"{name} did not take {wanted}: {problem}\n")
    return not problem


def await_server(host: Engine, sign_in: Callable[[], tuple[str, Command] | None], still: Callable[[], bool]) -> None:
    """Wait until a server lets its user in, for `START_SECONDS` at most.

    Args:
        sign_in: returns its container's name and the command that signs in; None once there is no server to wait for.
        still: whether anybody still waits.
    """
    deadline = time.monotonic() + START_SECONDS
    while still() and time.monotonic() < deadline:
        asked = sign_in()
        if asked is None or not run(host, *asked):
            return
        time.sleep(LOOK_SECONDS)
