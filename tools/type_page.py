"""The page of all resource types, docs/resource-types.md: the classes' docstrings, and an example of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import provisioner.resources
from provisioner.config.facts import Copy
from provisioner.config.stack_file import load
from provisioner.cost.free import FREE
from provisioner.engine.costs import Around, Cost
from provisioner.engine.declaration import Declared
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import all_types
from provisioner.render.terraform import TYPES
from provisioner.resources.aws_names import AWS_NAMES
from provisioner.resources.only_recorded import OnlyRecorded
from provisioner.steps import offline
from provisioner.steps.stack import run

EVERYTHING = Path(__file__).parent / "everything"
"""Configurations for which the steps declare each type that they can."""
FILES = (("used.toml", None), ("stack.toml", None), ("stack.toml", "night"), ("edge.toml", None))
"""The files there, each with an environment."""
COSTS = {"exists": "as long as it is there", "capacity": "by its size", "load": "by use"}


@dataclass(frozen=True)
class Shown:
    """A type, and a resource of it in the example; None if no step declares it."""

    type: type[Resource]
    example: Declared | None


def lines() -> Iterator[str]:
    """Yield the page's lines: a heading for each API, and one for each type as its anchor."""
    ordered = sorted(shown(), key=lambda one: (_api(one.type).lower(), one.type.type_name))
    for api, types in groupby(ordered, key=lambda one: _api(one.type)):
        yield from ["", f"## {api}"]
        for one in types:
            yield from _section(one)


@cache
def shown() -> tuple[Shown, ...]:
    """Return all types of the tool."""
    examples: dict[str, Declared] = {}
    for item in declared().values():
        examples.setdefault(item.resource.type_name, item)
    own = provisioner.resources.__name__
    # types with AWS's own names are made on demand, so they are left out
    found = {name: one for name, one in all_types().items() if one.__module__.startswith(own) and name.isidentifier()}
    return tuple(Shown(one, examples.get(name)) for name, one in found.items())


@cache
def declared() -> Mapping[str, Declared]:
    """Return all resources that the steps declare for the examples."""
    found: dict[str, Declared] = {}
    for name, env in FILES:
        config = load(EVERYTHING / name, env=env)
        copies = {"web": Copy(f"{config.services['web'].image}@sha256:{'1' * 64}", "1")}
        facts = replace(offline.facts(config), root=EVERYTHING, copies=copies, engine=True, local=False)
        found = run(config, facts).declared | found
    return found


def _api(resource_type: type[Resource]) -> str:
    if issubclass(resource_type, OnlyRecorded):
        return "In the state alone"
    return str(getattr(resource_type.api, "name", resource_type.service))


def _section(one: Shown) -> Iterator[str]:
    about = (one.type.__doc__ or "").partition("\n")[0]
    yield from ["", f"### {one.type.type_name}", about, ""]
    yield from (f"- **{head}**: {text}" for head, text in _facts(one))


def _facts(one: Shown) -> Iterator[tuple[str, str]]:
    name, known = one.type.type_name, AWS_NAMES[one.type.type_name]
    named = [f"`{known.cloudformation}`"] if known.cloudformation else []
    named += [f"in Terraform `{TYPES[name]}`"] if name in TYPES else []
    if named:
        yield "called", ", ".join(named)
    if one.example:
        yield "declared by", f"step `{one.example.step}`, such as `{one.example.resource.address}`"
    else:
        yield "declared by", "no step: the command that it is about"
    yield "costs", f"nothing: {FREE[name]}" if name in FREE else "; ".join(_costs(one))
    yield "on `down`", _on_down(one)
    if fields := sorted(one.type.create_only) if one.example else []:
        yield "cannot be changed", ", ".join(f"`{field}`" for field in fields)
    if known.id and not (one.type.created_by_aws or one.type.retained):
        yield "ID for `import`", f"`{known.id}`"
    if writes := sorted({one.name for one in one.type.permissions if one.writes}):
        yield "writes by", f"{', '.join(f'`{action}`' for action in writes)}"


def _costs(one: Shown) -> Iterator[str]:
    if one.example is None:
        raise ValueError(f"{one.type.type_name} costs something, and the example has none: add it")
    settings = {address: item.resource.fields() for address, item in declared().items()}
    for address, fields in settings.items():
        kind, _, name = address.partition("/")
        if kind == one.type.type_name and (found := [*one.type.costs(name, fields, Around(settings))]):
            yield from map(_cost, found)
            return


def _cost(cost: Cost) -> str:
    return f"{cost.what} (`{cost.price}`, {COSTS[cost.basis]})"


def _on_down(one: Shown) -> str:
    if issubclass(one.type, OnlyRecorded):
        return "its record is dropped"
    if one.type.retained:
        return f"stays: {one.type.retained_because}"
    fields = one.example.resource.fields() if one.example else {}
    text = "deleted; AWS has made it" if one.type.created_by_aws else "deleted"
    if one.type.protection:
        text += ", once `--unprotect` is given if the stack is [protected](protection.md#deletion-protection)"
    if data := one.type.data(fields):
        text += f". It takes {data} with it; `up` [keeps](protection.md#what-holds-data-is-kept) it until `--delete`"
    return text
