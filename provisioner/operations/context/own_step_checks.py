"""Check the user's own steps and types, and order own steps before the tool's steps that take values from them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from string import Formatter
from typing import Any

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.aws.api import Api, apis
from provisioner.aws.permissions import OWN, Permission
from provisioner.config.loader import suggestion
from provisioner.engine import own_code
from provisioner.engine.declaration import BEFORE, STEPS, dependencies_of, needed_by, order, reachable
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.steps.given import ACTION

TAKERS = ("security_groups", "endpoints", "roles", "task_definitions")
"""The tool's steps that use values given with `stack.environment`, `stack.allow` and `stack.endpoint`."""
PLACES = frozenset({"account", "environment", "partition", "project", "region", "stack"})
"""The names allowed in braces in a type's `arn` and `permissions`."""
ARN = 'arn = "{queue_name}"'
NAMESPACED = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def check() -> None:
    """Check the imported types and steps, and order the steps.

    Raises:
        ConfigurationError: a type's name lacks a namespace, or its permissions are invalid; a parameter of a step
            names no step; steps depend on each other in a cycle.
    """
    for own in _types():
        if not NAMESPACED.fullmatch(own.type_name):
            raise ConfigurationError(
                f'{own_code.class_name(own)} has the type_name "{own.type_name}", which a later version may use '
                f'itself: put a namespace before it, such as "own.{own.type_name}"'
            )
        if wrong := _wrong_permission(own):
            raise ConfigurationError(f"{own_code.class_name(own)}: {wrong}")
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


def _wrong_permission(own: type[Resource]) -> str:
    """Return the problem with a type's permissions in words; empty without a problem."""
    example = 'write permissions = (*grants("sqs", "CreateQueue DeleteQueue", OWN),)'
    if not isinstance(own.permissions, (list, tuple)):
        return f"permissions is no tuple: {example}"
    if unknown := _unknown(own.arn, PLACES | own.__dataclass_fields__.keys()):
        return f"arn has {{{unknown}}}, which is no field of the type{suggestion(unknown, own.__dataclass_fields__)}"
    for one in own.permissions:
        if not isinstance(one, Permission):
            return f"permissions has {one!r}, which is no permission: {example}"
        if not ACTION.fullmatch(one.name):
            return f'permissions: "{one.name}" is not an action of IAM, such as "sqs:CreateQueue"'
        if OWN in one.resources and not own.arn:
            return f"permissions: OWN stands for the ARNs of the type's resources: say what they are, such as {ARN}"
        values = (value for _, _, several in one.conditions for value in several)
        texts = [text for text in (*one.resources, *values) if text != OWN]
        if unknown := next(filter(None, (_unknown(text, PLACES) for text in texts)), ""):
            return f"permissions: {one.name} has {{{unknown}}}, and the places are {', '.join(sorted(PLACES))}"
        if one.when and one.when not in own.__dataclass_fields__:
            return f"permissions: when={one.when!r} is no field of the type"
    return ""


def _unknown(pattern: str, known: Collection[str]) -> str:
    """Return the first name in braces that is not in `known`; empty if all are."""
    return next((name for _, name, _, _ in Formatter().parse(pattern) if name is not None and name not in known), "")


def _put_before(own_steps: Mapping[str, Callable[..., Any]]) -> None:
    """Order each own step before each of `TAKERS`, unless the own step depends on that one."""
    for name in sorted(own_steps):
        for taker in TAKERS:
            if taker in STEPS and taker not in reachable(
                name, lambda one: needed_by(STEPS, one) if one in STEPS else ()
            ):
                BEFORE[taker] = (*BEFORE.get(taker, ()), name)


def check_apis(before: Mapping[str, Api]) -> None:
    """Refuse own steps that replaced an `Api` of the tool.

    Args:
        before: the tool's APIs before the import, by name.

    Raises:
        ConfigurationError: an own `Api` has the name of a tool's.
    """
    if taken := sorted(name for name, api in before.items() if apis()[name] is not api):
        raise ConfigurationError(
            f"own steps make an Api of {taken[0]}, which the tool has: leave it out, and write service = "
            f'"{taken[0]}" in the type'
        )


def forget() -> None:
    """Remove the user's steps and types from the engine's tables."""
    for table in (STEPS, RESOURCE_TYPES):
        for name in [name for name, one in table.items() if own_code.is_own(one)]:
            del table[name]
    BEFORE.clear()
