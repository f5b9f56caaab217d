"""The references of containers to the stack's stores: the parameters, addresses and resources behind their words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from provisioner import Handle, Stack, ready
from provisioner.config import store_references
from provisioner.config.container import Container
from provisioner.config.redis import PORT, REDIS_URL
from provisioner.config.secrets import Held, Secret
from provisioner.config.workload import DATABASE_URL, USED_SECRETS, Workload
from provisioner.steps.database import Database
from provisioner.steps.redis import Redis
from provisioner.steps.secrets import Secrets
from provisioner.steps.service_secrets import ServiceSecrets


@dataclass(frozen=True)
class StoreReferences:
    """The meaning of each word.

    Attributes:
        secrets: the parameter of a store's secret.
        values: another setting of a store.
        stores: the resource that has to have taken a new password first, by the word for it.
        used: whether the database is somebody else's, and its password a secret of theirs.
    """

    secrets: Mapping[str, Held]
    values: Mapping[str, str]
    stores: Mapping[str, Handle]
    used: bool = False

    def urls(self, workload: Workload, environment: Collection[str]) -> dict[str, Held]:
        """Return the URLs that a workload gets under the usual names, unless it has variables of these names.

        Of a database of somebody else it gets the password so, too.
        """
        usual = {DATABASE_URL: ("database.url", workload.database), REDIS_URL: ("redis.url", workload.redis)}
        if self.used:
            usual[USED_SECRETS["password"]] = ("database.password", workload.database)
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
    stack: Stack,
    password: Secrets | None,
    service_secrets: ServiceSecrets,
    database: Database | None,
    url: Held | None,
    redis: Redis | None,
) -> StoreReferences:
    """Return the words that the declared stores have."""
    secrets: dict[str, Held] = {}
    values: dict[str, str] = {}
    stores: dict[str, Handle] = {}
    settings, theirs = stack.config.database, stack.facts.database
    if settings and theirs:
        secrets |= {f"database.{key}": _outside(service_secrets, one) for key, one in settings.outside.items()}
        values |= _values(theirs.host, theirs.port, theirs.name, settings.user)
    elif settings and password and database and url:
        secrets |= {
            "database.password": Held(password.parameter_arn, password.parameter_version),
            "database.url": url,
        }
        values |= _values(database.endpoint, database.port, settings.name, settings.user)
        stores["database.password"] = database.main
    if redis:
        secrets |= {"redis.password": redis.token, "redis.url": redis.url}
        values |= {"redis.host": redis.endpoint, "redis.port": str(PORT)}
        stores["redis.password"] = redis.main
    return StoreReferences(secrets, values, stores, used=theirs is not None)


def _outside(service_secrets: ServiceSecrets, secret: Secret) -> Held:
    """Return the place and version of a secret of somebody else, one key of it if it has several."""
    held = service_secrets.of(secret)
    return replace(held, arn=f"{held.arn}:{secret.key}::") if secret.key else held


def _values(host: str, port: int, name: str, user: str) -> dict[str, str]:
    return {"database.host": host, "database.port": str(port), "database.name": name, "database.user": user}
