"""The containers of databases and caches: made under the names of their endpoints, moved, and asked from inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_emulator.containers import networks
from ecs_emulator.containers.authority import archive, authority
from ecs_emulator.containers.engine import LIMITS, Engine

FOLDER = "tls"
"""The directory in a container's root with the server's certificate and that of its authority."""
CERTIFICATE, AUTHORITY = f"/{FOLDER}/server", f"/{FOLDER}/ca"


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


def run(host: Engine, name: str, command: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a command in a container; return an empty text if it succeeds, else its output or Docker's refusal."""
    from docker.errors import APIError

    api = host.client.api
    try:
        made = api.exec_create(name, [*command], environment=dict(variables))
        said = api.exec_start(made["Id"])
        code = api.exec_inspect(made["Id"])["ExitCode"]
    except APIError as error:  # it does not run, or does not exist yet
        return str(error.explanation)
    return "" if code == 0 else said.decode(errors="replace") or f"exit code {code}"
