"""The references of containers to the stack's stores: the parameters, addresses and resources behind their words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioner import Handle, Stack, ready
from provisioner.config import store_references
from provisioner.config.container import Container
from provisioner.config.facts import Held
from provisioner.config.redis import PORT, REDIS_URL
from provisioner.config.workload import DATABASE_URL, Workload
from provisioner.steps.database import Database
from provisioner.steps.redis import Redis
from provisioner.steps.secrets import Secrets


@dataclass(frozen=True)
class StoreReferences:
    """The meaning of each word.

    Attributes:
        secrets: the parameter of a store's secret.
        values: another setting of a store.
        stores: the resource that has to have taken a new password first, by the word for it.
    """

    secrets: Mapping[str, Held]
    values: Mapping[str, str]
    stores: Mapping[str, Handle]

    def urls(self, workload: Workload, environment: Collection[str]) -> dict[str, Held]:
        """Return the URLs that a workload gets under the usual names, unless it has variables of these names."""
        usual = {DATABASE_URL: ("database.url", workload.database), REDIS_URL: ("redis.url", workload.redis)}
        return {
            variable: self.secrets[word]
            for variable, (word, used) in usual.items()
            if used and word in self.secrets and variable not in environment
        }

    def environment(self, container: Container) -> dict[str, str]:
        """Return the variables of a container, with their words filled in."""
        return {name: store_references.filled(text, self.values) for name, text in container.environment.items()}

    def taken(self, workload: Workload) -> list[Handle]:
        """Return the resources that a workload's new tasks wait for, as they start with a store's password alone."""
        return [ready(self.stores[word]) for word in sorted(store_references.named(workload) & self.stores.keys())]


def of_stores(
    stack: Stack, password: Secrets | None, database: Database | None, url: Held | None, redis: Redis | None
) -> StoreReferences:
    """Return the words that the declared stores have."""
    secrets: dict[str, Held] = {}
    values: dict[str, str] = {}
    stores: dict[str, Handle] = {}
    settings = stack.config.database
    if settings and password and database and url:
        secrets |= {
            "database.password": Held(password.parameter_arn, password.parameter_version),
            "database.url": url,
        }
        values |= {
            "database.host": database.endpoint,
            "database.port": str(database.port),
            "database.name": settings.name,
            "database.user": settings.user,
        }
        stores["database.password"] = database.main
    if redis:
        secrets |= {"redis.password": redis.token, "redis.url": redis.url}
        values |= {"redis.host": redis.endpoint, "redis.port": str(PORT)}
        stores["redis.password"] = redis.main
    return StoreReferences(secrets, values, stores)
