"""Run each Aurora cluster with an instance, and each other instance, as one container under its endpoint's names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ecs_emulator.containers import stores
from ecs_emulator.containers.database_data import SavedData
from ecs_emulator.containers.database_servers import SERVERS, Server
from ecs_emulator.containers.engine import Ended, Engine, repeat
from ecs_emulator.lock import LOCK

READ_SECONDS = 1.0
STOP_SECONDS = 10
"""The seconds that a server has to end."""


@dataclass(frozen=True)
class DatabaseContainer:
    """A database from RDS and Route 53: container name, security groups, host names, variables and options.

    Attributes:
        identity: the resource id of the database, which no other one of the same name has.
        restored_from: the ARN of the snapshot that it was made of, or empty.
        server: the server that runs in it.
        endpoints: RDS's own host names; the certificate is for these alone.
        aliases: the endpoints, and the names of private zones that lead to them.
        environment: the variables with which the server creates its database and user.
        options: the command line options of the server, which stay as they were at the start.
    """

    name: str
    identity: str
    restored_from: str
    server: Server
    groups: tuple[str, ...]
    endpoints: tuple[str, ...]
    aliases: frozenset[str]
    environment: tuple[tuple[str, str], ...]
    options: tuple[str, ...]


def keep(host: Engine) -> None:
    """Keep one container for each of RDS's databases, from now on."""
    known: dict[str, DatabaseContainer] = {}
    saved = SavedData()
    repeat(lambda: _keep(host, known, saved), READ_SECONDS, "databases")


def _keep(host: Engine, known: dict[str, DatabaseContainer], saved: SavedData) -> None:
    with LOCK:
        wanted = {database.name: database for database in _wanted(host)}
        standing, snapshots = {*_standing()}, dict(_snapshots())
    _save(host, known, saved, snapshots)
    for name, former in [*known.items()]:
        if former.identity not in standing:
            host.remove(name)
            del known[name]
        elif name not in wanted and (seen := host.containers.get(name)) and seen.state == "running":
            # its data stays as long as a cluster, which may get another instance
            host.client.api.stop(name, timeout=STOP_SECONDS)
    for name, database in wanted.items():
        if name not in known and not host.has_image(database.server.chosen_image(), "no database runs here"):
            continue
        with contextlib.suppress(Ended), host.creating():
            _keep_one(host, known, database, saved)
    saved.forget(snapshots)


def _standing() -> Iterator[str]:
    """Yield the identities of all databases."""
    for _, backend in _backends():
        for cluster in backend.clusters.values():
            yield cluster.db_cluster_resource_id
        for database in _singles(backend):
            yield database.dbi_resource_id


def _snapshots() -> Iterator[tuple[str, str]]:
    """Yield the ARNs of all snapshots, with the identity of the database that each was made of."""
    for _, backend in _backends():
        for snapshot in backend.cluster_snapshots.values():
            yield snapshot.arn, snapshot.cluster.db_cluster_resource_id
        for snapshot in backend.database_snapshots.values():
            yield snapshot.arn, snapshot.database.dbi_resource_id


def _save(host: Engine, known: Mapping[str, DatabaseContainer], saved: SavedData, snapshots: Mapping[str, str]) -> None:
    """Copy the data of new snapshots, before their databases go."""
    databases = {database.identity: database for database in known.values()}
    for arn, identity in snapshots.items():
        if arn not in saved.snapshots and (database := databases.get(identity)):
            saved.take(host, arn, database.name, database.server.data, database.environment)


def _keep_one(host: Engine, known: dict[str, DatabaseContainer], database: DatabaseContainer, saved: SavedData) -> None:
    name, former = database.name, known.get(database.name, database)
    if name not in known:
        _create(host, database)
        if database.restored_from:
            before = saved.restore(host, database.restored_from, name, database.server.data)
            # the master user still has the password of the snapshot
            former = replace(database, environment=before or database.environment)
    elif former.aliases != database.aliases:
        stores.move(host, stores.Place(name, database.groups, database.aliases), former.groups)
    known[name] = database
    seen = host.containers.get(name)
    if seen is None or seen.state in ("created", "exited"):
        host.client.api.start(name)  # RDS restarts a database that has ended
    if former.environment != database.environment and not _change_password(host, former, database):
        # a server that is still starting takes no SQL: the next round tries again
        known[name] = replace(database, environment=former.environment)


def _change_password(host: Engine, former: DatabaseContainer, database: DatabaseContainer) -> bool:
    """Give the master user of a running server its new password, and return whether the server has taken it."""
    command = database.server.another_password(dict(former.environment), dict(database.environment))
    return stores.change(host, database.name, command, "another password")


def await_server(host: Engine, address: str, still: Callable[[], bool]) -> None:
    """Wait until the server under a host name lets its master user in, as one does that RDS shows as available.

    Args:
        still: whether anybody still waits.
    """

    def sign_in() -> tuple[str, stores.Command] | None:
        database = _under(host, address)
        if database is None or host.lacks(database.server.chosen_image()):
            return None
        return database.name, database.server.sign_in(dict(database.environment))

    stores.await_server(host, sign_in, still)


def _wanted(host: Engine) -> Iterator[DatabaseContainer]:
    """Yield a container for each database that has an instance, named after the cloud's directory too."""
    for account, backend in _backends():
        for cluster in backend.clusters.values():
            server = SERVERS.get(cluster.engine)
            if server and cluster.db_cluster_members and cluster.status != "deleting":
                endpoints = (cluster.endpoint, cluster.reader_endpoint)
                yield DatabaseContainer(
                    f"{cluster.db_cluster_identifier}-database-{host.owner}",
                    cluster.db_cluster_resource_id,
                    getattr(cluster, "restored_from", ""),
                    server,
                    tuple(cluster.vpc_security_group_ids),
                    endpoints,
                    frozenset(_names(account, set(endpoints))),
                    server.environment(cluster.database_name, cluster),
                    server.options(backend, cluster.parameter_group),
                )
        yield from _instances(host, account, backend)


def _backends() -> Iterator[tuple[str, Any]]:
    """Yield RDS in each account and Region, with the account."""
    from moto.rds.models import rds_backends

    for account, by_region in rds_backends.items():
        for backend in by_region.values():
            yield account, backend


def _singles(backend: Any) -> Iterator[Any]:
    """Yield the instances without a cluster."""
    return (one for one in backend.databases.values() if not one.db_cluster_identifier)


def _instances(host: Engine, account: str, backend: Any) -> Iterator[DatabaseContainer]:
    """Yield a container for each instance without a cluster that has its endpoint."""
    for database in _singles(backend):
        server = SERVERS.get(database.engine)
        if server is None or database.status in ("creating", "deleting"):
            continue
        endpoints, (group,) = (database.endpoint["Address"],), database.db_parameter_groups()
        yield DatabaseContainer(
            f"{database.db_instance_identifier}-database-{host.owner}",
            database.dbi_resource_id,
            getattr(database, "restored_from", ""),
            server,
            tuple(database.vpc_security_group_ids),
            endpoints,
            frozenset(_names(account, set(endpoints))),
            server.environment(database.db_name, database),
            server.options_of(group, str(group.family)),
        )


def named(host: Engine, name: str) -> str:
    """Return the name of the container for a database's host name; empty if there is none."""
    database = _under(host, name)
    return database.name if database else ""


def _under(host: Engine, name: str) -> DatabaseContainer | None:
    """Return the database under a host name, if there is one."""
    with LOCK:
        return next((one for one in _wanted(host) if name in one.aliases), None)


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
    server = database.server
    stores.create(
        host,
        stores.Place(database.name, database.groups, database.aliases),
        server.chosen_image(),
        [*server.tls, *database.options],
        environment=dict(database.environment),
        **({"entrypoint": [*server.entrypoint]} if server.entrypoint else {}),
    )
    stores.put(host, database.name, {**stores.identity(database.endpoints), **server.files})
