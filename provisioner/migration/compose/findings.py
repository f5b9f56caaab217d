"""Data of a Compose file, gathered while its services are translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.migration.compose.interpolation import Variables, holes, shown
from provisioner.migration.compose.own_stores import OwnStore
from provisioner.migration.draft import Cost, Draft
from provisioner.migration.yaml_tree import Value


@dataclass
class Gathered:
    """The services of a file.

    Attributes:
        directory: the directory of the file.
        known: the variables of `.env`.
        kept: the services that are carried over, by their names in the file.
        gone: the services that are left out, by the hosts at which others find them.
        once: the services that others wait for until they have ended.
        places: the place of each variable, by service and name.
        stores: the stores that become tables of the stack, by the hosts at which others find them.
    """

    found: Draft
    directory: Path
    known: Variables
    kept: dict[str, Value] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    once: frozenset[str] = frozenset()
    places: dict[tuple[str, str], Value] = field(default_factory=dict)
    stores: dict[str, OwnStore] = field(default_factory=dict)


@dataclass
class Service:
    """A service of the file, and its table in `stack.toml`.

    Attributes:
        name: its name in the file. new: its name in `stack.toml`.
        job: whether it runs to its end, before others start.
    """

    name: str
    new: str
    gathered: Gathered
    job: bool = False
    table: dict[str, Any] = field(default_factory=dict)

    @property
    def of(self) -> str:
        """Its dotted key in `stack.toml`."""
        return f"{'jobs' if self.job else 'services'}.{self.new}"

    def leave(self, value: Value, key: str, why: str, cost: Cost = "part") -> None:
        """Note a key that is not carried over."""
        where = f"services.{self.name}{f'.{key}' if key else ''}"
        self.gathered.found.leave(value, where, shown(why), self.of, cost)

    def tell(self, value: Value, key: str, why: str) -> None:
        """Note a key that is different here, without a loss."""
        self.leave(value, key, why, "nothing")

    def unfilled(self, value: Value, key: str, text: str) -> bool:
        """Return whether a text has variables without a value; if so, note them."""
        names = list(dict.fromkeys(holes(text)))
        if names:
            secret = [one for one in names if one in self.gathered.known.secrets]
            end = "which looks like a secret: have the program read a variable" if secret else "write its value"
            self.leave(value, key, f"is filled in from {', '.join(names)}: {end}")
        return bool(names)


def pairs(value: Value | None) -> Mapping[str, Value | None]:
    """Return the variables of a table or of a list of NAME=VALUE, by name; None for a value from the shell."""
    if value is None:
        return {}
    if value.table:
        return {key: one if one.text is not None else None for key, one in value.table.items()}
    found: dict[str, Value | None] = {}
    for one in value.values:
        name, equals, text = (one.text or "").partition("=")
        found[name] = Value(one.file, one.line, text, "str") if equals else None
    return found


def context_of(build: Value) -> str:
    """Return the directory of a build: the only value, or one of its keys."""
    context = build.text if build.text is not None else (build.at("context") or Value("", 0, ".")).text
    return context or "."
