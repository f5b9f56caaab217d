"""Apply `[defaults]` and `extends`: copy inherited keys into the tables of services and jobs, before the checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.config.inheritance import JOINED, MISSING, combined, fitting, removes
from provisioner.config.long_forms import long_form

DEFAULTS = "defaults"
"""The table of the keys that all services and jobs have unless they say otherwise."""
IMAGE = ("image", "build", "dockerfile", "target", "build_args", "architecture")
"""Keys that decide which image runs. A workload with none of them runs the image of the service that it extends."""
_PROGRAM = (
    *("environment", "secrets", "sidecars", "launch", "on_demand", "cpu", "memory", "ephemeral_storage", "ulimits"),
    *("user", "read_only", "capabilities"),
)
"""Keys of a workload's containers and of its size."""
_RIGHTS = (
    *("stop_timeout", "redis", "buckets", "queues", "topics", "volumes"),
    *("policies", "security_groups", "exec", "task_protection"),
)
INHERITED = (*IMAGE, *_PROGRAM, "command", "entrypoint", "health", "depends_on", "calls", "database", *_RIGHTS)
"""Keys that `extends` takes over: program and permissions of a workload, never its address and its number of tasks."""
BY_DEFAULT = (
    *("architecture", *_PROGRAM, "health", "depends_on", "database", "wait_for_database", *_RIGHTS),
    *("scaling", "count", "deployment", "circuit_breaker", "deregistration_delay", "sticky", "timezone"),
)
"""Keys of `[defaults]`. A key comes after the keys that decide whether it has an effect."""


@dataclass
class Extended:
    """The table of a `stack.toml` with all inherited keys in it.

    Attributes:
        table: the whole table.
        images: by container without an image of its own, the container whose image it runs.
        inherited: by inherited dotted key, the dotted key at which its value is written, or inherited again.
        problems: the dotted key of each wrong `extends`, and the message.
    """

    table: dict[str, Any]
    images: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    _removed: dict[str, set[str]] = field(default_factory=dict)
    """By the dotted key of a workload, the keys that it, or a service that it extends, takes away."""

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The table `[defaults]`; empty if there is none, or it is no table."""
        found = self.table.get(DEFAULTS)
        return found if isinstance(found, Mapping) else {}

    def inherit(self, heir: Heir, source: Mapping[str, Any], where: str, keys: Iterable[str]) -> None:
        """Put inherited keys into the table of a workload.

        Args:
            source: the table that it inherits from, and `where` its dotted key.
            keys: the keys to inherit.
        """
        key_of = f"{heir.kind}.{heir.name}"
        for key in keys:
            if key not in source:
                continue
            value = fitting(key, source[key], heir.kind, heir.table)
            if removes(key, heir.own.get(key)):
                heir.table.pop(key, None)
                self._removed.setdefault(key_of, set()).add(key)
            elif value is MISSING:
                continue
            elif key in heir.own:
                heir.table[key] = whole = combined(key, value, heir.own[key])
                if key in JOINED and isinstance(whole, Mapping):
                    mine = long_form(key, heir.own[key])
                    self.inherited |= {
                        f"{key_of}.{key}.{name}": f"{where}.{key}.{name}" for name in whole if name not in mine
                    }
            else:
                heir.table[key] = value
                self.inherited[f"{key_of}.{key}"] = f"{where}.{key}"

    def removed(self, workload: str) -> Collection[str]:
        """Return the keys that a workload takes away, by its dotted key."""
        return self._removed.get(workload, set())

    def removed_too(self, workload: str, base: str) -> None:
        """Note that a workload has none of the keys that the service that it extends takes away."""
        self._removed.setdefault(workload, set()).update(self.removed(base))


@dataclass(frozen=True)
class Heir:
    """A workload whose table gets inherited keys: its kind and name, the table as it is written, and the new one."""

    kind: str
    name: str
    own: Mapping[str, Any]
    table: dict[str, Any]


def extended(table: Mapping[str, Any]) -> Extended:
    """Return the table of a `stack.toml` with `[defaults]` and each `extends` applied.

    Values of a wrong form stay as they are: the models refuse them later.
    """
    result = Extended(dict(table))
    if result.defaults:
        result.table[DEFAULTS] = {key: one for key, one in result.defaults.items() if not removes(key, one)}
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
    """Return the table of a workload with the keys of the service that it extends, and then of `[defaults]`."""
    if not isinstance(own, Mapping):
        return own
    heir = Heir(kind, name, own, dict(own))
    base = own.get("extends")
    source = services.get(base) if isinstance(base, str) else None
    if not isinstance(base, str) or not isinstance(source, Mapping):
        result.inherit(heir, result.defaults, DEFAULTS, BY_DEFAULT)
        return heir.table
    adapted = {**source, "sidecars": _of_heir(source["sidecars"], base, name)} if "sidecars" in source else source
    whole = _whole_image(own)
    result.inherit(heir, adapted, f"services.{base}", [key for key in INHERITED if key not in whole])
    result.removed_too(f"{kind}.{name}", f"services.{base}")
    if not any(key in own for key in IMAGE):
        result.images[name] = result.images.get(base, base)
    if "architecture" not in own:
        for sidecar in _sidecars(source) - _sidecars(own):
            same = beside(base, sidecar)
            result.images[beside(name, sidecar)] = result.images.get(same, same)
    # what the service has by default, its heir has inherited already
    gone = result.removed(f"{kind}.{name}")
    later = [key for key in BY_DEFAULT if key not in gone and (key not in INHERITED or key not in source)]
    result.inherit(heir, result.defaults, DEFAULTS, later)
    return heir.table


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


def _whole_image(own: Mapping[str, Any]) -> set[str]:
    """Return the keys that a table with `image` or `build` does not inherit: all of the image but `architecture`."""
    return set(IMAGE) - {"architecture"} if {"image", "build"} & own.keys() else set()


def written(key: tuple[str, ...], inherited: Mapping[str, str]) -> tuple[str, ...]:
    """Return the key at which an inherited value is written; empty if it is not inherited.

    Args:
        key: the parts of the key of a service or a job.
        inherited: see `Extended`.
    """
    for length in (4, 3):
        if source := inherited.get(".".join(key[:length])):
            found = (*source.split("."), *key[length:])
            return written(found, inherited) or found
    return ()
