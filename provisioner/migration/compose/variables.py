"""Translate the variables of a Compose service: `environment` and the files in `env_file`."""

from __future__ import annotations

import re
from pathlib import Path

from provisioner.config import validators as values
from provisioner.config.secret_values import looks_secret
from provisioner.migration import addresses
from provisioner.migration.compose import interpolation, own_stores
from provisioner.migration.compose.findings import Service, pairs
from provisioner.migration.yaml_tree import Value

SHELL = "shell"
"""The kind of a value that a file takes from the shell, by a name alone."""


def fill(service: Service, value: Value) -> None:
    """Write variables to `environment`; write the names of secrets, never their values, to `secrets`.

    A variable in `environment` replaces the same one in `env_file`.
    """
    plain: dict[str, str] = {}
    secrets: dict[str, str | bool] = {}
    for name, (one, key) in of_service(service, value).items():
        if found := own_stores.reference(service.gathered.stores, name, one.text or ""):
            _refer(service, name, one, f"{key}.{name}", found, plain, secrets)
        else:
            _variable(service, name, one, f"{key}.{name}", plain, secrets)
    if plain:
        service.table["environment"] = plain
    if secrets:
        service.table["secrets"] = secrets if not all(one is True for one in secrets.values()) else [*secrets]


def of_service(service: Service, value: Value) -> dict[str, tuple[Value, str]]:
    """Return the values of a service's variables, each with the key that it comes from."""
    own = value.at("environment")
    given = {name: (one, "env_file") for name, one in _of_files(service, value.at("env_file")).items()}
    for name, one in pairs(own).items():
        where = one or (own and own.table.get(name)) or own or value
        taken = Value(where.file, where.line, interpolation.value_of(name, service.gathered.known), "str")
        given[name] = (one or taken, "environment")
    return given


def _refer(
    service: Service,
    name: str,
    one: Value,
    key: str,
    found: own_stores.Reference,
    plain: dict[str, str],
    secrets: dict[str, str | bool],
) -> None:
    """Write a variable as a reference to a store of the stack, which the service may connect to then."""
    found.store.used = True
    service.table[found.store.kind] = True
    if found.told:
        (service.leave if found.lost else service.tell)(one, key, found.told)
    else:
        service.tell(one, key, f"is {found.text} here" if found.text else "is set by the stack itself")
    if found.text and found.where == "secrets":
        secrets[name] = found.text
    elif found.text and not service.unfilled(one, key, found.text):
        plain[name] = found.text


def _variable(
    service: Service, name: str, one: Value, key: str, plain: dict[str, str], secrets: dict[str, str | bool]
) -> None:
    text, known = one.text or "", service.gathered.known
    missing = interpolation.holes(text)
    if not re.fullmatch(values.VARIABLE, name):
        service.leave(one, key.partition(".")[0], "has an entry that is not the name of a variable")
    elif looks_secret(name, interpolation.shown(text)) or known.secrets.intersection(missing):
        secrets[name] = True
        why = f"looks like a secret: its name alone is carried over; `provision secret set {name}`"
        service.tell(one, key, why)
        _gone(service, one, key, text)
    elif one.scalar == SHELL:
        service.tell(one, key, "is taken from the shell, if it is there: write its value")
    elif not service.unfilled(one, key, text):
        plain[name] = text
        service.gathered.places[service.new, name] = one


def _gone(service: Service, one: Value, key: str, text: str) -> None:
    """Note a secret with the address of a service that is left out, such as the URL of a database."""
    gone = service.gathered.gone
    for host in addresses.hosts(text):
        if host in gone:
            service.leave(one, key, f"{gone[host]} is left out: set the address of its replacement")
            service.gathered.found.miss(gone[host], service.new)


def _of_files(service: Service, value: Value | None) -> dict[str, Value]:
    """Return the variables of all files, later ones over earlier ones; note files that cannot be read."""
    found: dict[str, Value] = {}
    for one in [value] if value and not value.values else list(value.values) if value else []:
        path = (one.at("path") or one).text or ""
        if service.unfilled(one, "env_file", path):
            continue
        try:
            read = interpolation.read(service.gathered.directory / path, service.gathered.known.plain)
        except (OSError, ValueError) as error:
            needed = one.at("required")
            if isinstance(error, FileNotFoundError) and needed and needed.flag is False:
                continue
            why = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({_reason(error)})"
            end = "write its variables into environment, and its secrets by `provision secret set NAME`"
            service.leave(one, "env_file", f"{path}: {why}: {end}")
            continue
        found |= {name: Value(Path(path).as_posix(), 0, text, "str") for name, text in read.items()}
    return found


def _reason(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "it is no text"
