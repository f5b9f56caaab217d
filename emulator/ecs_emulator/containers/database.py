"""Run each Aurora cluster with an instance, and each other instance, as one container under its endpoint's names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ecs_emulator.containers import networks
from ecs_emulator.containers.authority import archive, authority
from ecs_emulator.containers.database_servers import FOLDER, SERVERS, Server
from ecs_emulator.containers.engine import LIMITS, Ended, Engine, repeat
from ecs_emulator.lock import LOCK

READ_SECONDS = 1.0


@dataclass(frozen=True)
class DatabaseContainer:
    """A database from RDS and Route 53: container name, security groups, host names, variables and options.

    Attributes:
        server: the server that runs in it.
        endpoints: RDS's own host names; the certificate is for these alone.
        aliases: the endpoints, and the names of private zones that lead to them.
        environment: the variables with which the server creates its database and user.
        options: the command line options of the server, which stay as they were at the start.
    """

    name: str
    server: Server
    groups: tuple[str, ...]
    endpoints: tuple[str, ...]
    aliases: frozenset[str]
    environment: tuple[tuple[str, str], ...]
    options: tuple[str, ...]


def keep(host: Engine) -> None:
    """Keep one container for each of RDS's clusters, from now on."""
    known: dict[str, DatabaseContainer] = {}
    repeat(lambda: _keep(host, known), READ_SECONDS, "databases")


def _keep(host: Engine, known: dict[str, DatabaseContainer]) -> None:
    with LOCK:
        wanted = {database.name: database for database in _wanted(host)}
    for name in known.keys() - wanted.keys():
        host.remove(name)
        del known[name]
    for name, database in wanted.items():
        if name not in known and not host.has_image(database.server.chosen_image(), "no database runs here"):
            continue
        with contextlib.suppress(Ended), host.creating():
            _keep_one(host, known, database)


def _keep_one(host: Engine, known: dict[str, DatabaseContainer], database: DatabaseContainer) -> None:
    name = database.name
    if name not in known:
        _create(host, database)
    elif known[name].aliases != database.aliases:
        _rename(host, database)
    known[name] = database
    seen = host.containers.get(name)
    if seen is None or seen.state in ("created", "exited"):
        host.client.api.start(name)  # RDS restarts a database that has ended


def _wanted(host: Engine) -> Iterator[DatabaseContainer]:
    """Yield a container for each database that has an instance, named after the cloud's directory too."""
    from moto.rds.models import rds_backends

    for account, by_region in rds_backends.items():
        for backend in by_region.values():
            for cluster in backend.clusters.values():
                server = SERVERS.get(cluster.engine)
                if server and cluster.db_cluster_members and cluster.status != "deleting":
                    endpoints = (cluster.endpoint, cluster.reader_endpoint)
                    yield DatabaseContainer(
                        f"{cluster.db_cluster_identifier}-database-{host.owner}",
                        server,
                        tuple(cluster.vpc_security_group_ids),
                        endpoints,
                        frozenset(_names(account, set(endpoints))),
                        server.environment(cluster.database_name, cluster),
                        server.options(backend, cluster.parameter_group),
                    )
            yield from _instances(host, account, backend)


def _instances(host: Engine, account: str, backend: Any) -> Iterator[DatabaseContainer]:
    """Yield a container for each instance without a cluster that has its endpoint."""
    for database in backend.databases.values():
        server = None if database.db_cluster_identifier else SERVERS.get(database.engine)
        if server is None or database.status in ("creating", "deleting"):
            continue
        endpoints, (group,) = (database.endpoint["Address"],), database.db_parameter_groups()
        yield DatabaseContainer(
            f"{database.db_instance_identifier}-database-{host.owner}",
            server,
            tuple(database.vpc_security_group_ids),
            endpoints,
            frozenset(_names(account, set(endpoints))),
            server.environment(database.db_name, database),
            server.options_of(group, str(group.family)),
        )


def named(host: Engine, name: str) -> str:
    """Return the name of the container for a database's host name; empty if there is none."""
    with LOCK:
        found = [one.name for one in _wanted(host) if name in one.aliases]
    return next(iter(found), "")


def _names(account: str, endpoints: set[str]) -> Iterator[str]:
    """Yield the endpoints, and the aliases of them in private zones."""
    from moto.route53.models import route53_backends

    yield from endpoints
    for zone in route53_backends[account]["aws"].zones.values():
        for record in zone.rrsets if zone.private_zone else ():
            if record.type == "CNAME" and endpoints & {str(one).rstrip(".") for one in record.records}:
                yield record.name.rstrip(".")


def _create(host: Engine, database: DatabaseContainer) -> None:
    host.remove(database.name)
    api, homes = host.client.api, [networks.network(host, group) for group in database.groups]
    aliases = api.create_endpoint_config(aliases=sorted(database.aliases))
    server = database.server
    api.create_container(
        server.chosen_image(),
        [*server.tls, *database.options],
        name=database.name,
        hostname=database.name[:63],
        labels=host.labels,
        environment=dict(database.environment),
        host_config=api.create_host_config(network_mode=homes[0], **LIMITS),
        networking_config=api.create_networking_config({homes[0]: aliases}),
        **({"entrypoint": [*server.entrypoint]} if server.entrypoint else {}),
    )
    files = {"ca": authority().pem, "server": authority().issue(database.endpoints), **server.files}
    api.put_archive(database.name, "/", archive({f"{FOLDER}/{name}": content for name, content in files.items()}))
    for home in homes[1:]:
        api.connect_container_to_network(database.name, home, aliases=sorted(database.aliases))


def _rename(host: Engine, database: DatabaseContainer) -> None:
    """Change the names of a container. This cuts its connections: it has to leave its networks for that."""
    for group in database.groups:
        home = networks.network(host, group)
        host.client.api.disconnect_container_from_network(database.name, home)
        host.client.api.connect_container_to_network(database.name, home, aliases=sorted(database.aliases))
