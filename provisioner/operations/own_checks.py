"""Checks the user's own steps and types against the tool's, and orders them before the steps that they may give to."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.aws.api import Api, apis
from provisioner.config.loader import suggestion
from provisioner.engine import own_code
from provisioner.engine.declaration import BEFORE, STEPS, dependencies_of, needed_by, order, reachable
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import RESOURCE_TYPES, Resource

TAKERS = ("security_groups", "endpoints", "roles", "task_definitions")
"""The steps that take what a step gives with `stack.environment`, `stack.allow` and `stack.endpoint`."""
NAMESPACED = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def check() -> None:
    """Check what was imported, and order its steps.

    Raises:
        ConfigurationError: a type's name lacks a namespace; a parameter of a step is no step; steps need each other.
    """
    for own in _types():
        if not NAMESPACED.fullmatch(own.type_name):
            raise ConfigurationError(
                f'{own_code.class_name(own)} has the type_name "{own.type_name}", which a later version may use '
                f'itself: put a namespace before it, such as "own.{own.type_name}"'
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


def _put_before(own_steps: Mapping[str, Callable[..., Any]]) -> None:
    """Let each own step come before those that it may give something to, unless it needs them itself."""
    for name in sorted(own_steps):
        for taker in TAKERS:
            if taker in STEPS and taker not in reachable(
                name, lambda one: needed_by(STEPS, one) if one in STEPS else ()
            ):
                BEFORE[taker] = (*BEFORE.get(taker, ()), name)


def check_apis(before: Mapping[str, Api]) -> None:
    """Refuse to have an API of the tool's described anew.

    Args:
        before: what the tool has.

    Raises:
        ConfigurationError: one was.
    """
    if taken := sorted(name for name, api in before.items() if apis()[name] is not api):
        raise ConfigurationError(
            f"own steps make an Api of {taken[0]}, which the tool has: leave it out, and write service = "
            f'"{taken[0]}" in the type'
        )


def forget() -> None:
    """Take the user's steps and types out of the tables."""
    for table in (STEPS, RESOURCE_TYPES):
        for name in [name for name, one in table.items() if own_code.is_own(one)]:
            del table[name]
    BEFORE.clear()
