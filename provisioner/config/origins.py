"""Every setting of one environment, with its value and its origin: `provision config`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.config import extends, loader, overlays, places, production, secret_words, stack_words
from provisioner.config.extends import DEFAULTS
from provisioner.config.models import Config
from provisioner.config.secret_values import looks_secret
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.actions import HIDDEN

FILE, DEFAULT = "file", "default"
COMMANDS = frozenset({"command", "entrypoint"})
MISSING = object()


@dataclass(frozen=True)
class Setting:
    """A key with its value and its origin.

    Attributes:
        parts: the parts of the key.
        value: the value as TOML has it; None if it is not set. Values that look like secrets are hidden.
        origin: `file`, `environments.NAME`, `extends services.NAME`, `defaults`, `--env` or `--target`, `default`, or
            the default of the environment.
    """

    parts: tuple[str, ...]
    value: Any
    origin: str

    @property
    def key(self) -> str:
        """The dotted key."""
        return loader.dotted(self.parts)


def settings(path: Path, config: Config, *, env: str | None, target: str | None) -> list[Setting]:
    """Return every setting of an environment in the order of the models.

    Args:
        path: the file that the configuration was read from.
        config: the configuration.
        env, target: the options of the command line; None if not given.

    Raises:
        ConfigurationError: the file cannot be read any more.
    """
    layers = overlays.parted(loader.read(path), Config.model_fields["env"].default)
    options = {("env",): env, ("target",): target}
    written = _Written(layers, config, {key for key, value in options.items() if value is not None})
    shown = config.model_dump(mode="json")
    # of the keys that workloads have by default, only those in the file
    shown[DEFAULTS] = config.defaults.model_dump(mode="json", exclude_unset=True) if config.defaults else {}
    return list(_walk((), {key: value for key, value in shown.items() if key != DEFAULTS or value}, written))


class _Written:
    """The settings that the file has for one environment, and the table of each."""

    def __init__(self, layers: overlays.Layers, config: Config, options: set[tuple[str, ...]]) -> None:
        self.config, self.options, self.layers = config, options, layers
        self.overlay, self.base = overlays.long(layers.overlay(config.env)), overlays.long(layers.base)
        completed = extends.extended(overlays.merged(self.base, self.overlay))
        self.table, _ = stack_words.filled(completed.table, config.project, config.env)
        self.inherited = completed.inherited

    def value(self, parts: Sequence[str]) -> Any:
        """Return the value that is written at a key, or inherited by `extends`; `MISSING` if there is none."""
        return MISSING if tuple(parts) in self.options else _at(self.table, parts)

    def origin(self, parts: tuple[str, ...]) -> str:
        """Return the origin of the value at a key."""
        if parts in self.options:
            return f"--{parts[0]}"
        if _at(self.overlay, parts) is not MISSING:
            return f"{overlays.TABLE}.{self.config.env}"
        if _at(self.base, parts) is not MISSING:
            return FILE
        if (source := extends.written(parts, self.inherited)) and _at(self.table, parts) is not MISSING:
            return DEFAULTS if source[0] == DEFAULTS else f"extends services.{source[1]}"
        dotted = loader.dotted(parts)
        production_only = ["protect"] if production.is_production(self.config.env) else []
        by_environment = (*self.config.by_environment, *production_only)
        if any(dotted == one or dotted.startswith(f"{one}.") for one in by_environment):
            return f'{DEFAULT} of env = "{self.config.env}"'
        if parts == ("dns", "host") and self.config.env != self.layers.own:
            return f"{DEFAULT} of another environment than the file's own"
        return DEFAULT


def _walk(parts: tuple[str, ...], shown: Any, written: _Written) -> Iterator[Setting]:
    value = written.value(parts) if parts else MISSING
    if value is not MISSING and not isinstance(value, Mapping):
        yield Setting(parts, _without_secrets(parts, value), written.origin(parts))
    elif isinstance(shown, Mapping) and shown:
        for name, below in shown.items():
            yield from _walk((*parts, name), below, written)
    else:
        yield Setting(parts, _without_secrets(parts, shown), written.origin(parts))


def _at(table: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        if not isinstance(table, Mapping) or part not in table:
            return MISSING
        table = table[part]
    return table


def _without_secrets(parts: tuple[str, ...], value: Any) -> Any:
    """Return a value with secrets hidden: values of variables, and words of a command, that look like secrets."""
    if isinstance(value, str) and places.VARIABLES.intersection(parts[:-1]) and looks_secret(parts[-1], value):
        return HIDDEN
    if parts[-1] not in COMMANDS or not value:
        return value
    if isinstance(value, str):
        return secret_words.without_secrets([value], HIDDEN)[0]
    return secret_words.without_secrets(map(str, value), HIDDEN)


def chosen(found: Sequence[Setting], key: str) -> list[Setting]:
    """Return the setting at a dotted key, or all settings of a table.

    Raises:
        ConfigurationError: there is no such key; with the nearest known key.
    """
    if wanted := [one for one in found if one.key == key or one.key.startswith(f"{key}.")]:
        return wanted
    keys = {one.key for one in found}
    near = loader.near(key, keys | {name.rpartition(".")[0] for name in keys} - {""})
    raise ConfigurationError(
        f"there is no key {loader.shown(key)}"
        + (f'; did you mean "{near}"?' if near else ": `provision config` shows all")
    )
