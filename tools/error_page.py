"""The page of all families of errors, docs/errors.md, with the texts of `provision explain`."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import groupby

import provisioner
from provisioner.engine.errors import ProvisionError
from provisioner.render.error_families import FAMILIES, Family
from provisioner.state.model import StateError

Error = type[ProvisionError] | type[StateError]


def lines() -> Iterator[str]:
    """Yield the page's lines: a heading for each group, and one for each family as its anchor."""
    for group, families in groupby(FAMILIES.values(), lambda family: family.group):
        yield from ["", f"## {group}"]
        for family in families:
            yield from _one(family)


def _one(family: Family) -> Iterator[str]:
    yield from ["", f"### {family.code}", family.means, ""]
    yield from (f"- {step}" for step in family.fix)
    names = sorted(one.__name__ for one in errors() if one.code == family.code)
    parts = [f"Exit code {family.exit_code}"]
    parts += [f"in Python {', '.join(f'`{name}`' for name in names)}"] if names else []
    parts += [f"more in [{family.page.partition('#')[0]}]({family.page})"] if family.page else []
    yield from ["", f"{'; '.join(parts)}."]


@cache
def errors() -> frozenset[Error]:
    """Return every class of errors that end a command, from all modules."""
    for found in pkgutil.walk_packages(provisioner.__path__, "provisioner."):
        import_module(found.name)
    return frozenset([*_below(ProvisionError), *_below(StateError)])


def _below(error: Error) -> Iterator[Error]:
    yield error
    for one in error.__subclasses__():
        # the tests have classes of their own
        if one.__module__.startswith("provisioner."):
            yield from _below(one)
