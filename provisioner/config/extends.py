"""Apply `extends`: copy into the table of a service or a job the keys that it inherits, before the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IMAGE = ("image", "build", "dockerfile", "target", "build_args", "architecture")
"""Keys that decide which image runs. A workload with none of them runs the image of the service that it extends."""
JOINED = ("environment", "secrets", "sidecars")
"""Tables that are merged name by name; `false` removes a name of the extended service."""
INHERITED = (
    *IMAGE,
    *JOINED,
    "launch",
    "cpu",
    "memory",
    "ephemeral_storage",
    "ulimits",
    "user",
    "read_only",
    "capabilities",
    "command",
    "entrypoint",
    "depends_on",
    "calls",
    "database",
    "stop_timeout",
    "policies",
    "security_groups",
)
"""Inherited keys: program and permissions of a workload. Its address and its number of tasks are never inherited."""
NOT_OF_JOBS = ("launch",)
"""Keys that a job does not have, and so does not inherit."""


@dataclass
class Extended:
    """The table of a `stack.toml` with all inherited keys in it.

    Attributes:
        table: the whole table.
        images: by container without an image of its own, the container whose image it runs.
        inherited: by inherited dotted key, the dotted key at which its value is written.
        problems: the dotted key of each wrong `extends`, and the message.
    """

    table: dict[str, Any]
    images: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def extended(table: Mapping[str, Any]) -> Extended:
    """Return the table of a `stack.toml` with each `extends` applied.

    Values of a wrong form stay as they are: the models refuse them later.
    """
    result = Extended(dict(table))
    services = table.get("services", {})
    if not isinstance(services, Mapping):
        return result
    done: dict[str, Any] = {}
    for name in services:
        _service(name, services, done, result, ())
    if services:
        result.table["services"] = {name: done[name] for name in services}
    if isinstance(jobs := table.get("jobs"), Mapping):
        result.table["jobs"] = {name: _heir("jobs", name, own, done, result) for name, own in jobs.items()}
    return result


def _service(
    name: str, services: Mapping[str, Any], done: dict[str, Any], result: Extended, heirs: tuple[str, ...]
) -> None:
    """Put the table of a service with its inherited keys into `done`, after the service that it extends."""
    if name in done:
        return
    own = services[name]
    base = own.get("extends") if isinstance(own, Mapping) else None
    if isinstance(base, str) and base in services:
        if base in (*heirs, name):
            circle = " extends ".join((*heirs[heirs.index(base) :], name, base) if base in heirs else (name, base))
            result.problems.append((f"services.{name}.extends", f"is a circle ({circle}): remove one of them"))
            done[name] = own
            return
        _service(base, services, done, result, (*heirs, name))
    done[name] = _heir("services", name, own, done, result)


def _heir(kind: str, name: str, own: Any, services: Mapping[str, Any], result: Extended) -> Any:
    """Return the table of a workload with the keys that it inherits from the service that it extends."""
    if not isinstance(own, Mapping) or not isinstance(base := own.get("extends"), str):
        return own
    source = services.get(base)
    if not isinstance(source, Mapping):
        return own
    table = dict(own)
    mine = _written(own)
    for key in INHERITED:
        if key not in source or key in mine or not _fits(key, kind, table):
            continue
        table[key] = _of_heir(source[key], base, name) if key == "sidecars" else source[key]
        written = f"services.{base}.{key}"
        result.inherited[f"{kind}.{name}.{key}"] = result.inherited.get(written, written)
    for key in JOINED:
        if key in own:
            inherited = source.get(key)
            table[key] = _joined(_of_heir(inherited, base, name) if key == "sidecars" else inherited, own[key])
    if not any(key in own for key in IMAGE):
        result.images[name] = result.images.get(base, base)
    if "architecture" not in own:
        for sidecar in _sidecars(source) - _sidecars(own):
            same = beside(base, sidecar)
            result.images[beside(name, sidecar)] = result.images.get(same, same)
    return table


def _fits(key: str, kind: str, heir: Mapping[str, Any]) -> bool:
    """Return whether an heir can have an inherited key: a disk is chosen on Fargate alone."""
    if kind == "jobs":
        return key not in NOT_OF_JOBS
    return key != "ephemeral_storage" or heir.get("launch") != "ec2"


def beside(workload: str, sidecar: str) -> str:
    """Return the key of a sidecar among all containers. It is unique, as no service or job has a dot in its name."""
    return f"{workload}.{sidecar}"


def _of_heir(sidecars: Any, base: str, name: str) -> Any:
    """Return inherited sidecars that wait for the heir's container instead of the extended service's."""
    if not isinstance(sidecars, Mapping):
        return sidecars
    return {called: _waiting(one, base, name) for called, one in sidecars.items()}


def _waiting(sidecar: Any, base: str, name: str) -> Any:
    waits = sidecar.get("depends_on") if isinstance(sidecar, Mapping) else None
    if not isinstance(waits, Mapping):
        return sidecar
    return {**sidecar, "depends_on": {name if one == base else one: condition for one, condition in waits.items()}}


def _sidecars(table: Mapping[str, Any]) -> set[str]:
    found = table.get("sidecars")
    return set(found) if isinstance(found, Mapping) else set()


def _written(own: Mapping[str, Any]) -> set[str]:
    """Return the keys that a table sets itself: `image` or `build` sets all keys of the image but `architecture`."""
    whole = set(IMAGE) - {"architecture"} if {"image", "build"} & own.keys() else set[str]()
    return {*own, *whole}


def _joined(inherited: Any, own: Any) -> Any:
    """Return a table, or a list of names, merged into the inherited one."""
    tables = [dict.fromkeys(one, True) if _names(one) else one for one in (inherited or {}, own)]
    if not all(isinstance(one, Mapping) for one in tables):
        return own
    # `false` removes an inherited name; `false` at any other name stays, for the models to refuse
    return {
        **{name: value for name, value in tables[0].items() if tables[1].get(name) is not False},
        **{name: value for name, value in tables[1].items() if value is not False or name not in tables[0]},
    }


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
