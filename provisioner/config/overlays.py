"""Merge `[environments.NAME]` of `stack.toml`, the overlay of one environment, over the rest of the file.

The merge comes before the checks. So every check, every default and every message is the same as for a file without
overlays. Only the key in a message is different: it names the table in which the value is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.config import loader, syntax, validators
from provisioner.config.long_forms import long_form
from provisioner.config.places import Fault

TABLE = "environments"
NOT_INSIDE = {
    "env": "is the name of the table already: remove it",
    "project": "is the same for all environments, which are told apart by their names: remove it",
    TABLE: "belongs at the top of the file: an environment has no environments of its own",
}
"""Keys that an overlay cannot have, and why."""
WORKLOADS = ("services", "jobs")
WHOLE = frozenset({"image", "build", "extends"})
"""A service or a job that is only in an overlay needs one of these keys."""


@dataclass(frozen=True)
class Layers:
    """The table of one file, separate from the overlays of its environments.

    Attributes:
        base: the settings of all environments, unless an overlay has others.
        overlays: the table of each environment.
        own: the name of the file's own environment, as it is written.
        problems: errors of the overlay tables themselves.
    """

    base: Mapping[str, Any]
    overlays: Mapping[str, Mapping[str, Any]]
    own: Any
    problems: Sequence[Fault]

    def table(self, env: Any) -> dict[str, Any]:
        """Return the merged table of one environment; its `env` is the name of that environment."""
        whole = merged(self.base, self.overlay(env))
        return whole if env == self.own else whole | {"env": env}

    def overlay(self, env: Any) -> Mapping[str, Any]:
        """Return the overlay of an environment; empty if it has no table."""
        return self.overlays.get(env, {}) if isinstance(env, str) else {}

    def checked(self, env: Any) -> list[Any]:
        """Return the environments to check: if the file has overlays, all of them, the file's own first."""
        return list(dict.fromkeys([self.own, env, *self.overlays])) if self.overlays else [env]

    def home(self, env: Any, loc: Sequence[str]) -> tuple[str, ...]:
        """Return the table in which a key of an environment is written: `()` for the top of the file."""
        overlay = self.overlay(env)
        inside = _whole(overlay, loc) or _depth(overlay, loc) > _depth(self.base, loc)
        return (TABLE, env) if inside else ()

    def told(self, env: Any, found: Iterable[Fault], seen: set[tuple[str, str]]) -> Iterator[Fault]:
        """Yield the errors of one environment that no other environment has shown, each at the key where it is written.

        Args:
            env: the environment.
            found: the errors; their keys begin with the table from `home`.
            seen: the errors that were shown before; this function adds to it.
        """
        for fault in found:
            if (told := (loader.dotted(fault.names), fault.text)) in seen:
                continue
            seen.add(told)
            if fault.loc[0] == TABLE or env == self.own or env not in self.overlays:
                yield fault
            elif fault.loc in (("env",), ("project",)):
                # the name of the environment alone causes the error
                yield Fault((TABLE, env), fault.text, at_key=True)
            else:
                yield replace(fault, text=f"{fault.text} (in environment {env})")

    def misspelt(self, env: str | None) -> list[Fault]:
        """Return an error if an environment has no table, but an environment with a similar name has."""
        known = {name for name in (self.own, *self.overlays) if re.fullmatch(validators.NAME, str(name))}
        if env is None or not self.overlays or env in known or not (near := loader.near(env, known)):
            return []
        fix = f'did you mean "{near}"? For another environment add that table; it may be empty'
        return [Fault(("env",), f"there is no [{TABLE}.{loader.dotted([env])}]; {fix}")]


def parted(table: Mapping[str, Any], default: str) -> Layers:
    """Return the layers of a file.

    Args:
        table: the whole file.
        default: the environment of a file without `env`.
    """
    base, problems = dict(table), list[Fault]()
    found = base.pop(TABLE, {})
    if not isinstance(found, Mapping):
        problems.append(Fault((TABLE,), f"must be a table: write [{TABLE}.prod]"))
        found = {}
    own = base.get("env", default)
    if isinstance(own, Mapping):
        problems += [Fault(("env", name), syntax.another_word(name), at_key=True) for name in own or ("prod",)]
        own = base["env"] = default
    overlays = {}
    for name, overlay in found.items():
        if not isinstance(overlay, Mapping):
            fix = f"write [{TABLE}.{loader.dotted([name])}], or the key in the table of an environment"
            problems.append(Fault((TABLE, name), f"must be the table of an environment: {fix}"))
            continue
        problems += [Fault((TABLE, name, key), why, at_key=True) for key, why in NOT_INSIDE.items() if key in overlay]
        strangers = _strangers(base, overlay)
        problems += [Fault((TABLE, name, kind, one), why, at_key=True) for kind, one, why in strangers]
        overlays[name] = _without(overlay, {(kind, one) for kind, one, _ in strangers})
    return Layers(base, overlays, own, problems)


def _strangers(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the overlay tables of services and jobs that exist nowhere else: kind, name and message."""
    found = []
    for kind in WORKLOADS:
        known, here = (table.get(kind) for table in (base, overlay))
        known = known if isinstance(known, Mapping) else {}
        for name, table in here.items() if isinstance(here, Mapping) else ():
            if name not in known and isinstance(table, Mapping) and not WHOLE.intersection(table):
                what = f"changes a {kind[:-1]} that there is not: it has neither image nor build"
                found.append((kind, name, what + (loader.suggestion(name, known) if known else "")))
    return found


def _without(overlay: Mapping[str, Any], strangers: Collection[tuple[str, str]]) -> dict[str, Any]:
    """Return an overlay without the keys that are reported already, so that no error is shown twice."""
    kept = {key: value for key, value in overlay.items() if key not in NOT_INSIDE}
    for kind in {kind for kind, _ in strangers}:
        kept[kind] = {name: table for name, table in overlay[kind].items() if (kind, name) not in strangers}
    return {key: value for key, value in kept.items() if value or key not in WORKLOADS}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with another table laid over it: tables are merged, values and lists replace."""
    whole = dict(base)
    for key, value in over.items():
        whole[key] = _joined(key, base[key], value) if key in base else value
    return whole


def _joined(key: str, before: Any, value: Any) -> Any:
    if isinstance(before, Mapping) != isinstance(value, Mapping) and value is not False:
        before, value = long_form(key, before), long_form(key, value)
    return merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value


def long(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with each short form written as a table."""
    return {
        key: long(whole) if isinstance(whole := long_form(key, value), Mapping) else whole
        for key, value in table.items()
    }


def _depth(table: Any, loc: Sequence[str]) -> int:
    """Return how many parts of a key exist in a table."""
    for depth, part in enumerate(loc):
        if not isinstance(table, Mapping) or part not in table:
            return depth
        table = table[part]
    return len(loc)


def _whole(table: Any, loc: Sequence[str]) -> bool:
    """Return whether a table has a value at a key, or a value that contains the key's last parts."""
    for part in loc:
        if not isinstance(table, Mapping):
            return True
        if part not in table:
            return False
        table = table[part]
    return not isinstance(table, Mapping)
