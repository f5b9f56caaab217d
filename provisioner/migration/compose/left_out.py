"""Note the services of a Compose file that hold data, and make tables of its own database and its own Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from provisioner.migration import names
from provisioner.migration.compose import own_stores, stores, variables
from provisioner.migration.compose.findings import Gathered, Service
from provisioner.migration.draft import Draft
from provisioner.migration.yaml_tree import Value


def note(
    gathered: Gathered,
    left_out: Mapping[str, Value],
    reasons: Mapping[str, str],
    hosts: Callable[[str, Value], Iterator[str]],
) -> None:
    """Find the one database and the one Redis among the services that hold data, and note all others.

    Args:
        left_out: the services, by their names. reasons: the reason of each.
        hosts: the names by which others find a service.
    """
    engines = {key: stores.engine_of(value, gathered.directory) for key, value in left_out.items()}
    databases = [key for key, engine in engines.items() if engine]
    caches = [key for key, engine in engines.items() if engine == ""]
    own = {key for alike in (databases, caches) if len(alike) == 1 for key in alike}
    for key, value in left_out.items():
        if key in own:
            store = own_stores.own_store(key, value, engines[key] or "", _variables(gathered, key, value))
            gathered.stores |= dict.fromkeys(hosts(key, value), store)
        else:
            _leave_out(gathered, key, value, reasons[key])


def tables(gathered: Gathered) -> dict[str, dict[str, Any]]:
    """Return the tables of the stores that services use; note each, as it begins empty."""
    made: dict[str, dict[str, Any]] = {}
    for store in {one.key: one for one in gathered.stores.values()}.values():
        if store.used:
            made[store.kind] = store.table()
            what = f"[{store.kind}] here, new and empty: its data stay there until you load them"
            gathered.found.leave(store.value, f"services.{store.key}", f"is {what}", cost="nothing")
        else:
            why = stores.why_left_out(store.value, gathered.directory, (), used=False)
            _leave_out(gathered, store.key, store.value, why)
    return made


def _variables(gathered: Gathered, key: str, value: Value) -> dict[str, str]:
    """Return the variables of a service that is left out, without notes about them."""
    apart = replace(gathered, found=Draft(gathered.found.source, "", ""))
    given = variables.of_service(Service(key, names.workload(key), apart), value)
    return {name: one.text or "" for name, (one, _) in given.items()}


def _leave_out(gathered: Gathered, key: str, value: Value, why: str) -> None:
    gathered.found.leave(value, f"services.{key}", why, f"services.{names.workload(key)}", "all")
