"""Look up resource types by their present and former names, and AWS's own. Missing types are imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module

from provisioner.engine.resource import RESOURCE_TYPES, Resource

ADDRESS = r"(?:[a-z0-9_.]+|AWS::[A-Za-z0-9]+::[A-Za-z0-9]+)/[\w.*@+-]+"
"""An address, as a regular expression. Before the slash stands a type's name: `vpc`, with a namespace `own.topic`, or
CloudFormation's name of a type."""
AWS_NAME = re.compile(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+")
"""CloudFormation's name of a type."""
TYPE_MAKER: list[str] = []
"""The module that makes a type from one of CloudFormation's names; set from outside like `MODULES`."""
MODULES: list[str] = []
"""The modules that define resource types, set from outside: the engine itself names none."""
FORMER: dict[str, str] = {}
"""The former names of types, each with the module of its type, set from outside like `MODULES`: a state is read without
the import of all types."""


def all_types() -> Mapping[str, type[Resource]]:
    """Return every resource type by its name; missing ones are imported now."""
    for module in MODULES:
        import_module(module)
    return RESOURCE_TYPES


def type_named(name: str) -> type[Resource] | None:
    """Return the resource type of a name, or of a former one; None if this version knows none."""
    if name not in RESOURCE_TYPES and AWS_NAME.fullmatch(name) and TYPE_MAKER:
        made: type[Resource] = import_module(TYPE_MAKER[0]).type_of_aws(name)
        return made
    if found := RESOURCE_TYPES.get(name) or all_types().get(name):
        return found
    return _formerly(name)


def current(address: str, *, importing: bool = True) -> str:
    """Return an address with the type's present name: the given one may have a former name.

    Args:
        importing: whether a type that is not imported yet may be imported for its name.
    """
    name, _, rest = address.partition("/")
    if name in RESOURCE_TYPES:
        return address
    if importing and name in FORMER:
        import_module(FORMER[name])
    found = _formerly(name)
    return f"{found.type_name}/{rest}" if found else address


def _formerly(name: str) -> type[Resource] | None:
    return next((one for one in RESOURCE_TYPES.values() if name in one.aliases), None)
