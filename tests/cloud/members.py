"""Members of requests that no code of the embedded cloud reads: `python -m tests.cloud.members` prints them.

It is a process of its own, as the embedded cloud changes moto for good. A member is read if its name is a text in the
method of its operation, in our changes to it, or in functions and tables that these use.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

from botocore import xform_name

OF_ALL = {"dryrun", "filter", "filters", "maxresults", "nexttoken"}
"""Members that are the same of all operations; other tests ask for them."""
OF_LISTS = {"limit", "marker", "maxitems", "maxrecords", "pagesize"}
"""Members of lists of other services than EC2, which `ecs_emulator.paging` reads."""


class Reading:
    """The texts of a function, and of the functions and tables of its service that it uses."""

    def __init__(self, response: type, modules: tuple[str, ...]) -> None:
        self.response, self.modules = response, modules
        self.seen, self.texts = set[Any](), set[str]()

    def read(self, function: Any) -> None:
        """Note the texts of a function, under all wrappers that are laid over it."""
        if not isinstance(function, FunctionType) or function in self.seen:
            return
        self.seen.add(function)
        for cell in function.__closure__ or ():
            self._hold(cell.cell_contents)
        self.read(getattr(function, "__wrapped__", None))
        if not function.__module__.startswith(self.modules):
            return
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._hold(node.value)
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
                self.read(inspect.getattr_static(self.response, node.attr, None))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = function.__globals__.get(node.value.id)
                self._hold(vars(module).get(node.attr) if isinstance(module, ModuleType) else None)
            elif isinstance(node, ast.Name):
                self._hold(function.__globals__.get(node.id))

    def _hold(self, value: Any) -> None:
        if isinstance(value, str):
            self.texts.update((value, value.partition(".")[0]))
        elif isinstance(value, dict | list | tuple | set | frozenset):
            for one in value:
                self._hold(one)
        else:
            self.read(value)


def responses(service: str) -> type:
    """Return moto's class for a service's requests."""
    from ecs_emulator.services.apis import APIS

    module, _, name = APIS[service].responses.partition(":")
    found: type = getattr(import_module(f"moto.{module}"), name)
    return found


def unread(service: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each operation of a service that is offered, and the members that it does not read."""
    from moto.core.utils import get_service_model

    from ecs_emulator.services.ec2.dry_run import offers

    model, response = get_service_model(service), responses(service)
    package = response.__module__.rpartition(".")[0]
    modules = (package, "ecs_emulator.services.ec2" if service == "ec2" else "ecs_emulator")
    others = OF_ALL if service == "ec2" else OF_ALL | OF_LISTS
    for operation in model.operation_names:
        method = inspect.getattr_static(response, xform_name(operation), None)
        if method is None or (service == "ec2" and not offers(operation)):
            continue
        reading = Reading(response, modules)
        reading.read(method)
        shape = model.operation_model(operation).input_shape
        known = {text.lower() for text in reading.texts} | others
        yield operation, [name for name in (shape.members if shape else ()) if name.lower() not in known]


def found() -> dict[str, Any]:
    """Return by service the unread members, the tables of refused and of ignored members, and the number of all."""
    from moto.core.utils import get_service_model

    from ecs_emulator.rules import offered
    from ecs_emulator.services.apis import APIS

    told = {}
    for service, known in ((name, offered.members(name)) for name in APIS):
        if not known.refused:
            continue
        # ECS is ours
        model, members = get_service_model(service), dict(unread(service) if APIS[service].responses else ())
        shapes = [model.operation_model(name).input_shape for name in members]
        told[service] = {
            "all": sum(len(shape.members) for shape in shapes if shape),
            "unread": {name: some for name, some in members.items() if some},
            "refused": known.refused,
            "usual": known.usual,
            "ignored": known.ignored,
        }
    return told


if __name__ == "__main__":
    from ecs_emulator import overlay

    overlay.install()
    print(json.dumps(found()))
