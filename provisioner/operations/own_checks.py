"""Checks the user's own steps and types against the tool's, and orders them before the steps that they may give to."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.config.loader import suggestion
from provisioner.engine import own_code
from provisioner.engine.declaration import BEFORE, STEPS, dependencies_of, needed_by, order, reachable
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import RESOURCE_TYPES, Resource, all_types

TAKERS = ("security_groups", "endpoints", "roles", "task_definitions")
"""The steps that take what a step gives with `stack.environment`, `stack.allow` and `stack.endpoint`."""
NAMESPACED = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@contextmanager
def kept_apart() -> Iterator[None]:
    """While the context lasts, modules are imported that must not take the names of the tool's types."""
    before = dict(all_types())
    try:
        yield
    finally:
        RESOURCE_TYPES.update(before)


def check() -> None:
    """Check what was imported, and order its steps.

    Raises:
        ConfigurationError: a type lacks a name with a namespace or has that of another; a step asks for what is none.
    """
    named: dict[str, type[Resource]] = {}
    for own in _types():
        where, name = own_code.shown(str(sys.modules[own.__module__].__file__)), own.type_name
        if not ("type_name" in vars(own) and NAMESPACED.fullmatch(name)):
            raise ConfigurationError(
                f"{where}: class {own.__name__} needs a type name with a namespace, which the state and the tags keep: "
                f'write type_name = "own.{_word(own.__name__)}"'
            )
        if (other := named.setdefault(name, own)) is not own:
            there = own_code.shown(str(sys.modules[other.__module__].__file__))
            raise ConfigurationError(
                f'{where}: class {own.__name__} has the type name "{name}" of {other.__name__} in {there}: use another'
            )
    own_steps = {name: function for name, function in STEPS.items() if own_code.is_own(function)}
    for name, function in own_steps.items():
        if unknown := [one for one in dependencies_of(function) if one not in STEPS]:
            raise ConfigurationError(
                f"{own_code.line_of(function)}: step {name} has the parameter {unknown[0]}, which is no step"
                f"{suggestion(unknown[0], STEPS)}"
            )
    _put_before(own_steps)
    try:
        order(STEPS)
    except ValueError as error:
        first = own_code.line_of(next(iter(own_steps.values())))
        raise ConfigurationError(f"{first}: {error}") from None


def _types() -> Iterator[type[Resource]]:
    """Yield the types that the imported modules define."""
    for name, module in list(sys.modules.items()):
        if name.split(".", 1)[0] == own_code.PACKAGE:
            for value in list(vars(module).values()):
                if isinstance(value, type) and issubclass(value, Resource) and value.__module__ == name:
                    yield value


def _word(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _put_before(own_steps: Mapping[str, Callable[..., Any]]) -> None:
    """Let each own step come before those that it may give something to, unless it needs them itself."""
    for name in sorted(own_steps):
        for taker in TAKERS:
            if taker in STEPS and taker not in reachable(
                name, lambda one: needed_by(STEPS, one) if one in STEPS else ()
            ):
                BEFORE[taker] = (*BEFORE.get(taker, ()), name)


def forget() -> None:
    """Take the user's steps and types out of the tables."""
    for table in (STEPS, RESOURCE_TYPES):
        for name in [name for name, one in table.items() if own_code.is_own(one)]:
            del table[name]
    BEFORE.clear()
