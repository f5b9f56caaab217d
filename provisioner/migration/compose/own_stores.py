"""Translate the variables with which services find a Compose file's own database or Redis into references.

One database that `[database]` has an engine for, and one service that speaks Redis's protocol, become tables of the
stack. Several of a kind stay left out, as there is one table of each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from pydantic import ValidationError

from provisioner.config.database_engines import ENGINES
from provisioner.config.redis import REDIS_URL, Redis
from provisioner.config.secret_values import looks_secret
from provisioner.config.tables import Database
from provisioner.config.workload import DATABASE_URL, DATABASE_VARIABLES
from provisioner.migration import addresses
from provisioner.migration.yaml_tree import Value

Kind = Literal["database", "redis"]
_URL = re.compile(
    r"(?P<scheme>(?:jdbc:)?[a-z][\w+.-]*)://(?:(?P<user>[^:@/\s]*)(?P<password>:[^@\s]*)?@)?(?P<host>[\w.-]+)"
    r"(?P<port>:\d+)?(?:/(?P<name>[^?\s]*))?(?:\?(?P<query>\S*))?",
    re.IGNORECASE,
)
_HOST = re.compile(r"(HOST|HOSTNAME|SERVER|ADDR|ADDRESS)$")
_USER, _NAME = re.compile(r"(USER|USERNAME)$"), re.compile(r"(DB|DATABASE|DB_?NAME|DATABASE_?NAME)$")
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "user": ("POSTGRES_USER", "POSTGRESQL_USERNAME", "MYSQL_USER", "MARIADB_USER"),
    "password": ("POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD", "MYSQL_PASSWORD", "MARIADB_PASSWORD"),
    "name": ("POSTGRES_DB", "POSTGRESQL_DATABASE", "MYSQL_DATABASE", "MARIADB_DATABASE"),
}
"""The variables that images of databases take a setting from (the pages of the official images, and Bitnami's)."""
_ROOTS = ("MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD")


@dataclass
class OwnStore:
    """A store of the file, which is a table of the stack.

    Attributes:
        kind: the table. key: the service's name in the file. value: its place.
        engine: the value of `database.engine`; empty for Redis.
        user, name: of the database; empty if the file does not say them.
        passwords: the texts of its passwords, which are compared and never written.
        schemes: the schemes of the URLs that became `database.url`.
        used: whether a service uses it.
    """

    kind: Kind
    key: str
    value: Value
    engine: str = ""
    user: str = ""
    name: str = ""
    passwords: frozenset[str] = frozenset()
    schemes: list[str] = field(default_factory=list)
    used: bool = False

    def table(self) -> dict[str, Any]:
        """Return the store's table; a name that RDS does not allow is left to the default."""
        if self.kind == "redis":
            return {"replicas": Redis.model_fields["replicas"].default}
        made: dict[str, Any] = {"engine": self.engine}
        schemes = set(self.schemes)
        scheme = schemes.pop() if len(schemes) == 1 else ""
        other = "" if scheme == ENGINES[self.engine].scheme else scheme
        for key, text in (("name", self.name), ("user", self.user), ("url_scheme", other)):
            if text and _allowed({**made, key: text}):
                made[key] = text
        return made


@dataclass(frozen=True)
class Reference:
    """The translation of a variable.

    Attributes:
        store: the store. where: the key of the service's table. text: the value there; empty if the stack sets the
            variable itself.
        told: the difference, for a note; empty if there is none.
        lost: whether that is a loss.
    """

    store: OwnStore
    where: Literal["environment", "secrets"]
    text: str
    told: str = ""
    lost: bool = False


def own_store(key: str, value: Value, engine: str, variables: Mapping[str, str]) -> OwnStore:
    """Return the store of a service of the file.

    Args:
        engine: the engine of its database; empty for Redis.
        variables: the service's own variables.
    """
    if not engine:
        command = (value.at("command") or Value("", 0, "")).words
        words = command.split() if isinstance(command, str) else [*command]
        tokens = {word for before, word in pairwise(words) if before == "--requirepass"}
        tokens |= {variables.get(one, "") for one in ("REDIS_PASSWORD", "VALKEY_PASSWORD")}
        return OwnStore("redis", key, value, passwords=frozenset(tokens - {""}))
    found = {
        setting: next((variables[one] for one in names if variables.get(one)), "")
        for setting, names in _SETTINGS.items()
    }
    passwords = {found["password"], *(variables.get(one, "") for one in _ROOTS)} - {""}
    # PostgreSQL's official image names the database after the user
    name = found["name"] or (found["user"] if "postgresql" in engine else "")
    return OwnStore("database", key, value, engine, found["user"], name, frozenset(passwords))


def reference(stores: Mapping[str, OwnStore], variable: str, text: str) -> Reference | None:
    """Return the translation of a variable; None if it refers to no store.

    Args:
        stores: the stores by their hosts.
    """
    return _by_url(stores, variable, text) or _by_host(stores, variable, text) or _by_value(stores, variable, text)


def _by_url(stores: Mapping[str, OwnStore], variable: str, text: str) -> Reference | None:
    parts = _URL.fullmatch(text.strip())
    store = stores.get(parts["host"].lower()) if parts else None
    if parts is None or store is None:
        return None
    scheme, name, query = parts["scheme"].lower(), parts["name"] or "", parts["query"] or ""
    if store.kind == "redis":
        return _of_redis(store, variable, scheme, name)
    if not scheme.removeprefix("jdbc:").startswith(("postgres", "mysql", "mariadb")):
        return None
    if name and store.name and name != store.name:
        # another database of the same server, which the stack does not have
        return None
    store.name, store.user = store.name or name, store.user or parts["user"] or ""
    if not parts["password"]:
        at = "{database.user}@" if parts["user"] else ""
        end = "/{database.name}" if name else ""
        place = "{database.host}:{database.port}"
        options = f"?{query}" if query else ""
        return Reference(store, "environment", f"{parts['scheme']}://{at}{place}{end}{options}")
    if store.schemes and scheme not in store.schemes:
        told = f"has the scheme {scheme}, and database.url has one, database.url_scheme"
        return Reference(store, "secrets", "database.url", told, lost=True)
    store.schemes.append(scheme)
    told = f"has options behind the ?, which database.url_query has here: write {query}" if query else ""
    return Reference(store, "secrets", "" if variable == DATABASE_URL else "database.url", told, lost=bool(query))


def _of_redis(store: OwnStore, variable: str, scheme: str, number: str) -> Reference | None:
    if scheme not in ("redis", "rediss"):
        return None
    other = number not in ("", "0")
    told = f"has database {number} there, and redis.url has 0: see that keys do not meet" if other else ""
    return Reference(store, "secrets", "" if variable == REDIS_URL else "redis.url", told, lost=other)


def _by_host(stores: Mapping[str, OwnStore], variable: str, text: str) -> Reference | None:
    host, colon, port = text.strip().partition(":")
    store = stores.get(host.lower())
    if store is None or (colon and not port.isdigit()):
        return None
    if not (_HOST.search(variable.upper()) or addresses.is_address(variable, text)):
        return None
    word = f"{{{store.kind}.host}}" + (f":{{{store.kind}.port}}" if colon else "")
    if store.kind == "redis":
        told = "is reached by TLS and with a token here: have the program read redis.url, or redis.password with it"
        return Reference(store, "environment", word, told, lost=True)
    if variable == "DB_HOST":
        # the stack sets it, without the port
        return Reference(store, "environment", "", "has no port here, which DB_PORT has" if colon else "")
    return Reference(store, "environment", word)


def _by_value(stores: Mapping[str, OwnStore], variable: str, text: str) -> Reference | None:
    """Return the translation of a variable with a store's password, or with the user or the name of the database."""
    upper, given = variable.upper(), variable in DATABASE_VARIABLES
    # one password may be that of both
    first = "redis" if re.search(r"REDIS|VALKEY|CACHE", upper) else "database"
    for store in sorted(stores.values(), key=lambda one: one.kind != first) if text else ():
        if text in store.passwords and looks_secret(variable, text):
            return Reference(store, "secrets", "" if given else f"{store.kind}.password")
        if text == store.user and _USER.search(upper):
            return Reference(store, "environment", "" if given else "{database.user}")
        if text == store.name and _NAME.search(upper):
            return Reference(store, "environment", "" if given else "{database.name}")
    return None


def _allowed(table: Mapping[str, Any]) -> bool:
    """Return whether a table `[database]` passes its checks."""
    try:
        return not list(Database.model_validate(dict(table)).problems())
    except ValidationError:
        return False
