"""Merge inherited settings into the table of a service or a job: names are joined, and `false` takes away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.config.long_forms import long_form

JOINED = ("environment", "secrets", "sidecars", "buckets", "queues", "volumes", "health", "scaling")
"""Tables that are merged key by key; `false` removes an inherited key."""
NAMES = ("calls", "topics", "policies", "security_groups", "capabilities")
"""Lists of names. Beside an inherited list, a table such as `{ backend = false }` removes and adds single names."""
REMOVABLE = frozenset(
    {
        *(one for one in JOINED if one != "sidecars"),
        *NAMES,
        *("sidecars", "depends_on", "ulimits", "build_args", "target", "dockerfile"),
        *("command", "entrypoint", "user", "stop_timeout", "ephemeral_storage"),
        *("on_demand", "circuit_breaker", "deployment", "deregistration_delay", "sticky", "count", "timezone"),
        *("timeout", "retries"),
    }
)
"""Keys that `false` takes away as a whole: a task can be without them. Each other key has a value of its own."""
MISSING: Any = object()
"""The value of a key that a table does not get."""

OF_SERVICES = frozenset(
    {"launch", "on_demand", "exec", "health", "deployment", "circuit_breaker", "scaling", "count"}
    | {"deregistration_delay", "sticky", "wait_for_database", "task_protection"}
)
"""Keys that no job has."""
_OF_LOAD_BALANCER = frozenset({"path", "codes", "healthy"})
"""Keys of a health check that only a load balancer uses."""
_SHIFTING = ("canary", "linear", "blue-green")


def removes(key: str, value: Any) -> bool:
    """Return whether a value takes an inherited key away."""
    return value is False and key in REMOVABLE


def combined(key: str, inherited: Any, own: Any) -> Any:
    """Return the value of a key that a table sets itself, with the inherited value."""
    if key in JOINED:
        return _joined(long_form(key, inherited), long_form(key, own))
    if key in NAMES and is_choice(own) and isinstance(inherited, list):
        if any(wanted is False and name not in inherited for name, wanted in own.items()):
            return own
        kept = [name for name in inherited if own.get(name) is not False]
        return [*kept, *(name for name, wanted in own.items() if wanted and name not in inherited)]
    return own


def is_choice(value: Any) -> bool:
    """Return whether a value is a table of names to add and to remove."""
    return isinstance(value, Mapping) and bool(value) and all(isinstance(one, bool) for one in value.values())


def _joined(inherited: Any, own: Any) -> Any:
    tables = [dict.fromkeys(one, True) if _is_names(one) else one for one in (inherited or {}, own)]
    if not all(isinstance(one, Mapping) for one in tables):
        return own
    # `false` removes an inherited name; `false` at any other name stays, for the models to refuse
    return {
        **{name: value for name, value in tables[0].items() if tables[1].get(name) is not False},
        **{name: value for name, value in tables[1].items() if value is not False or name not in tables[0]},
    }


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def fitting(key: str, value: Any, kind: str, table: Mapping[str, Any]) -> Any:
    """Return the part of an inherited value that has an effect on a workload; MISSING if it has none.

    Args:
        key, value: the inherited key, and its value.
        kind: `services` or `jobs`.
        table: the table of the workload, with the keys that it has inherited so far.
    """
    if kind == "jobs" and key in OF_SERVICES:
        return MISSING
    if key == "health":
        return _health(value, table)
    return value if _has_effect(key, value, kind, table) else MISSING


def _has_effect(key: str, value: Any, kind: str, table: Mapping[str, Any]) -> bool:
    public = table.get("public") is True
    match key:
        case "ephemeral_storage" | "on_demand":
            return kind == "jobs" or table.get("launch") != "ec2"
        case "deregistration_delay" | "sticky":
            return public
        case "wait_for_database":
            return table.get("database") is True
        case "deployment":
            return public or (value.get("strategy") if isinstance(value, Mapping) else value) not in _SHIFTING
        case "count" | "scaling":
            # a number of tasks of its own is neither scaled nor replaced
            return ("scaling" if key == "count" else "count") not in table
        case "timezone":
            schedule = table.get("schedule")
            return kind == "jobs" and isinstance(schedule, str) and not schedule.startswith("rate(")
        case _:
            return True


def _health(value: Any, table: Mapping[str, Any]) -> Any:
    """Return an inherited health check; without the load balancer's part for a workload that is not public."""
    if table.get("public") is True:
        return value
    whole, own = long_form("health", value), long_form("health", table.get("health", {}))
    if not isinstance(whole, Mapping):
        return value
    asked = "command" in whole or (isinstance(own, Mapping) and "command" in own)
    kept = {name: one for name, one in whole.items() if name not in _OF_LOAD_BALANCER}
    return kept if kept and asked else MISSING
