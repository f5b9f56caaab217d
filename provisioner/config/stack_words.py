"""The words `{project}` and `{env}` in images, public names and places of secrets, filled in before all checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.config import validators as values
from provisioner.config.base import Problem
from provisioner.config.extends import DEFAULTS

WORD = re.compile(r"\{([^{}]*)\}")
_NAMES = ("domain", "host")
_CLIENT = "client_secret"


def filled(table: Mapping[str, Any], project: str, env: str) -> tuple[dict[str, Any], list[Problem]]:
    """Return the table of a `stack.toml` with the words filled in, and a problem for each unknown word.

    Values of a wrong form stay as they are: the models refuse them later, and a wrong project or environment as well.
    A secret's place is never repeated.
    """
    words = {"project": project, "env": env}
    if not all(re.fullmatch(values.NAME, one) for one in words.values()):
        return dict(table), []
    problems: list[Problem] = []

    def fill(key: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        secret = ".secrets." in key
        unknown = [found for found in WORD.findall(value) if found not in words]
        if unknown and not secret:
            problems.append((key, f"has {{{unknown[0]}}}: only {{project}} and {{env}} stand for something here"))
        return WORD.sub(lambda found: words.get(found[1], found[0]), value)

    changed = dict(table)
    if isinstance(dns := table.get("dns"), Mapping):
        changed["dns"] = {name: fill(f"dns.{name}", one) if name in _NAMES else one for name, one in dns.items()}
    if isinstance(chosen := table.get("tags"), Mapping):
        changed["tags"] = {name: fill(f"tags.{name}", one) for name, one in chosen.items()}
    if DEFAULTS in table:
        changed[DEFAULTS] = _container(DEFAULTS, table[DEFAULTS], fill)
    for kind, inside in (("services", _container), ("jobs", _container), ("sign_in", _provider)):
        if isinstance(tables := table.get(kind), Mapping):
            changed[kind] = {name: inside(f"{kind}.{name}", one, fill) for name, one in tables.items()}
    return changed, problems


def _provider(key: str, table: Any, fill: Callable[[str, Any], Any]) -> Any:
    """Return the table of a provider with the words filled in that are in the place of its client secret."""
    if not isinstance(table, Mapping) or _CLIENT not in table:
        return table
    return {**table, _CLIENT: fill(f"{key}.secrets.{_CLIENT}", table[_CLIENT])}


def _container(key: str, table: Any, fill: Callable[[str, Any], Any]) -> Any:
    """Return the table of a service, a job or a sidecar with the words filled in."""
    if not isinstance(table, Mapping):
        return table
    return dict(_settings(key, table, fill))


def _settings(key: str, table: Mapping[str, Any], fill: Callable[[str, Any], Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if name == "image":
            yield name, fill(f"{key}.image", value)
        elif name == "secrets" and isinstance(value, Mapping):
            yield name, {one: fill(f"{key}.secrets.{one}", place) for one, place in value.items()}
        elif name == "sidecars" and isinstance(value, Mapping):
            yield name, {one: _container(f"{key}.sidecars.{one}", inner, fill) for one, inner in value.items()}
        else:
            yield name, value
