"""Production environments: how their names are recognised, and their defaults.

They have no Spot capacity, two tasks of each service, and deletion protection. The reasons are in
docs/developers/adr/0010-production-defaults.md. A setting in `stack.toml` always wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NAMES = ("prod", "production", "prd", "live")
"""The words that make the name of an environment that of production, as a whole or at one end: `prod-eu`, `eu-prod`."""
_WORD = rf"({'|'.join(NAMES)})\d*"
_PRODUCTION = re.compile(rf"{_WORD}(-.+)?|(.+-)?(?<!\bnon-)(?<!\bno-)(?<!\bnot-)(?<!\bpre-){_WORD}", re.IGNORECASE)
TASKS = 2
"""The fewest tasks of each service: if one is lost with its zone, the other still serves."""


def is_production(env: object) -> bool:
    """Return whether an environment of this name is production: nothing in it may be lost by accident."""
    return isinstance(env, str) and _PRODUCTION.fullmatch(env) is not None


def with_defaults(table: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the table of a `stack.toml` with the defaults of its environment.

    Values of a wrong form stay as they are: the models refuse them later.

    Returns:
        The table, and the dotted keys that this function added.
    """
    if not is_production(table.get("env")):
        return dict(table), ()
    changed, keys = dict(table), list[str]()
    capacity = table.get("capacity", {})
    if isinstance(capacity, Mapping) and "spot" not in capacity:
        changed["capacity"] = {**capacity, "spot": False}
        keys.append("capacity.spot")
    services = table.get("services")
    if isinstance(services, Mapping):
        changed["services"] = {name: _service(f"services.{name}", own, keys) for name, own in services.items()}
    return changed, tuple(keys)


def _service(key: str, own: Any, keys: list[str]) -> Any:
    """Return the table of one service with its defaults, and add their dotted keys to `keys`."""
    if not isinstance(own, Mapping):
        return own
    changed = dict(own)
    # on instances the key has no effect, and the models refuse it
    if "on_demand" not in own and own.get("launch", "fargate") == "fargate":
        changed["on_demand"] = {"percent": 100}
        keys.append(f"{key}.on_demand")
    scaling = own.get("scaling")
    # an explicit count or maximum of one task stays one
    if scaling is None and "count" not in own and own.get("deployment") != "recreate":
        changed["count"] = TASKS
        keys.append(f"{key}.count")
    elif isinstance(scaling, Mapping) and "min" not in scaling:
        asked = [value for value in (scaling.get("max"), own.get("count")) if isinstance(value, int)]
        if all(value >= TASKS for value in asked):
            changed["scaling"] = {**scaling, "min": TASKS}
            keys.append(f"{key}.scaling.min")
    return changed
