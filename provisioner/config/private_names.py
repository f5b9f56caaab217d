"""Default names of private zones in an existing VPC: with the stack's name, since other stacks may be in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioner.config import validators as values

KEYS = {"private_domain": "db", "discovery_domain": "svc"}
"""The keys of `[dns]`, and the first labels of their names."""


def default(key: str, stack: str) -> str:
    """Return the default of a key for a stack of this name, such as `db.shop-dev.internal`."""
    return f"{KEYS[key]}.{stack}.internal"


def with_defaults(table: Mapping[str, Any], project: str, env: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the table of a `stack.toml` with the default names, if it has an existing VPC.

    Values of a wrong form stay as they are: the models refuse them later.

    Args:
        project, env: the values where the table has none.

    Returns:
        The table, and the dotted keys that this function added.
    """
    network, dns = table.get("network"), table.get("dns", {})
    parts = [str(table.get("project", project)), str(table.get("env", env))]
    fitting = isinstance(network, Mapping) and network.get("vpc") and isinstance(dns, Mapping)
    if not fitting or not all(re.fullmatch(values.NAME, one) for one in parts):
        return dict(table), ()
    added = {key: default(key, "-".join(parts)) for key in KEYS if key not in dns}
    return {**table, "dns": {**dns, **added}}, tuple(f"dns.{key}" for key in added)
