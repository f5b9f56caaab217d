"""Run each replication group of ElastiCache as one container under its endpoints' names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ecs_emulator.containers import cache_server, stores
from ecs_emulator.containers.engine import Ended, Engine, repeat
from ecs_emulator.lock import LOCK
from ecs_emulator.services.elasticache.groups import parameters_of

READ_SECONDS = 0.5


@dataclass(frozen=True)
class CacheContainer:
    """A replication group: its container and security groups, its host names, its settings and its valid tokens.

    Attributes:
        endpoints: the names of primary and replicas, which no other group of this name has.
    """

    name: str
    groups: tuple[str, ...]
    endpoints: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    tokens: tuple[str, ...]

    @property
    def place(self) -> stores.Place:
        """The container's place in the network."""
        return stores.Place(self.name, self.groups, frozenset(self.endpoints))


def keep(host: Engine) -> None:
    """Keep one container for each replication group, from now on."""
    known: dict[str, CacheContainer] = {}
    repeat(lambda: _keep(host, known), READ_SECONDS, "caches")


def _keep(host: Engine, known: dict[str, CacheContainer]) -> None:
    with LOCK:
        wanted = {cache.name: cache for cache in _wanted(host)}
    for name, former in [*known.items()]:
        if name not in wanted or wanted[name].endpoints != former.endpoints:
            host.remove(name)
            del known[name]
    for name, cache in wanted.items():
        if name not in known and not host.has_image(cache_server.image(), "no Valkey runs here"):
            continue
        with contextlib.suppress(Ended), host.creating():
            known[name] = _kept(host, known.get(name), cache)


def _kept(host: Engine, former: CacheContainer | None, cache: CacheContainer) -> CacheContainer:
    """Make, start or change the container of a group, and return its settings and tokens by then."""
    if former is None:
        host.remove(cache.name)
        stores.create(host, cache.place, cache_server.image(), cache_server.COMMAND)
        stores.put(host, cache.name, stores.identity(cache.endpoints) | _settings(cache))
    elif former != cache:
        stores.put(host, cache.name, _settings(cache))
    seen = host.containers.get(cache.name)
    if former is None or seen is None or seen.state in ("created", "exited"):
        host.client.api.start(cache.name)  # ElastiCache replaces a node that has ended
    if former is None:
        return cache
    if former.groups != cache.groups:
        stores.move(host, cache.place, former.groups)
    if former.tokens != cache.tokens and not stores.change(
        host, cache.name, cache_server.another_token(cache.tokens), "another token"
    ):
        # a server that is still starting takes no command: the next round tries again
        cache = replace(cache, tokens=former.tokens)
    if former.settings != cache.settings and not stores.change(
        host, cache.name, cache_server.other_settings(cache.settings), "other settings"
    ):
        cache = replace(cache, settings=former.settings)
    return cache


def _settings(cache: CacheContainer) -> dict[str, bytes]:
    """Return the file that the server reads when it starts."""
    return {cache_server.SETTINGS: cache_server.file(cache.settings, cache.tokens)}


def await_server(host: Engine, address: str, still: Callable[[], bool]) -> None:
    """Wait until the server under a host name takes its newest token, as every available one of ElastiCache does.

    Args:
        still: whether anybody still waits.
    """

    def sign_in() -> tuple[str, stores.Command] | None:
        cache = _under(host, address)
        if cache is None or host.lacks(cache_server.image()):
            return None
        return cache.name, cache_server.sign_in(cache.tokens)

    stores.await_server(host, sign_in, still)


def named(host: Engine, name: str) -> str:
    """Return the name of the container for an endpoint's host name; empty if there is none."""
    cache = _under(host, name)
    return cache.name if cache else ""


def endpoint_in(values: Iterable[str]) -> str:
    """Return the endpoint of a group that is in one of these texts, such as URLs; empty if there is none."""
    texts = [*values]
    with LOCK:
        names = [name for _, group in _groups() for name in _endpoints(group)]
    return next((name for name in names if any(name in text for text in texts)), "")


def _under(host: Engine, name: str) -> CacheContainer | None:
    """Return the group under a host name, if there is one."""
    with LOCK:
        return next((one for one in _wanted(host) if name in one.endpoints), None)


def _wanted(host: Engine) -> Iterator[CacheContainer]:
    """Yield a container for each group, named after the cloud's directory too."""
    for backend, group in _groups():
        yield CacheContainer(
            f"{group.replication_group_id}-cache-{host.owner}",
            tuple(group.security_group_ids),
            _endpoints(group),
            cache_server.settings(
                parameters_of(backend, group.cache_parameter_group_name),
                tls=bool(group.transit_encryption_enabled),
                replicated=len(group.nodes) > 1,
            ),
            tuple(group.tokens),
        )


def _groups() -> Iterator[tuple[Any, Any]]:
    """Yield each standing group that has one primary and is in security groups, with its ElastiCache."""
    from moto.elasticache.models import elasticache_backends

    for by_region in elasticache_backends.values():
        for backend in by_region.values():
            for group in backend.replication_groups.values():
                if group.status != "deleting" and not group.cluster_enabled and group.security_group_ids:
                    yield backend, group


def _endpoints(group: Any) -> tuple[str, ...]:
    """Return the names of a group's primary and of its replicas."""
    (shard,) = group.node_groups
    return shard["primary_endpoint_address"], shard["reader_endpoint_address"]
