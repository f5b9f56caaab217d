"""Read a `stack.toml` and check it in all its environments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from provisioner.config import entrance, extends, loader, overlays, task_policies
from provisioner.config import validators as values
from provisioner.config.models import Config
from provisioner.config.places import Fault
from provisioner.config.tables import HOST


def load(path: Path, *, env: str | None = None, target: str | None = None) -> Config:
    """Read and check a `stack.toml`.

    Args:
        path: the file.
        env, target: the options of the command line, which override the file; None if not given. The table
            `[environments.<env>]` is laid over the rest of the file.

    Raises:
        ConfigurationError: one line for each error, in all environments: file, key, fault and fix.
    """
    overrides = {key: value for key, value in (("env", env), ("target", target)) if value is not None}
    layers = overlays.parted(loader.read(path), Config.model_fields["env"].default)
    problems, seen = [*layers.problems, *layers.misspelt(env)], set[tuple[str, str]]()
    wanted = layers.own if env is None else env
    configs = {}
    for name in layers.checked(wanted):
        table, shared = _apart(layers, name)
        problems += layers.told(name, shared, seen)
        table |= {"target": target} if target is not None else {}
        try:
            configs[str(name)] = Config.model_validate(table)
        except ValidationError as error:
            found = loader.found(error, Config, extends.extended(table).inherited, partial(layers.home, name))
            problems += layers.told(name, found, seen)
    if problems:
        raise loader.refusal(path, overrides, problems)
    config = configs[str(wanted)]
    policies = {config.key(name): workload.policies for name, workload in config.workloads.items()}
    config._documents, wrong = task_policies.read(policies, path.parent)  # noqa: SLF001 (of this module)
    if wrong:
        raise loader.refusal(
            path, {}, [Fault((*layers.home(wanted, key.split(".")), *key.split(".")), text) for key, text in wrong]
        )
    return config


def _apart(layers: overlays.Layers, name: Any) -> tuple[dict[str, Any], list[Fault]]:
    """Return an environment's table; an environment other than the file's own gets public names of its own.

    The second part are the errors: public names that two environments would share.
    """
    table, own = layers.table(name), layers.own
    dns, env = table.get("dns", {}), table.get("env", own)
    if env == own or not isinstance(dns, dict) or "domain" not in dns or not re.fullmatch(values.NAME, str(env)):
        return table, []
    overlay = layers.overlay(name)
    base = layers.base.get("dns")
    other = not isinstance(base, Mapping) or base.get("domain") != dns["domain"]
    found, shared = entrance.apart(
        table.get("services"), overlay.get("services"), str(env), str(own), other_domain=other
    )
    table = table | ({"services": found} if found else {})
    return (table if "host" in dns else table | {"dns": {**dns, "host": f"{HOST}-{env}"}}), shared
