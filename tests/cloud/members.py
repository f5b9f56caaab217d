"""Members of EC2's requests that no code of the embedded cloud reads: `python -m tests.cloud.members` prints them.

It is a process of its own, as the embedded cloud changes moto for good. A member is read if its name is a text in the
method of its operation, in our changes to it, or in functions that these call.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from botocore import xform_name

OF_ALL = {"DryRun", "Filter", "Filters", "MaxResults", "NextToken"}
"""Members that are the same of all operations; other tests ask for them."""


class Reading:
    """The texts of a function, and of the functions of EC2 that it calls."""

    def __init__(self, response: type) -> None:
        self.response, self.seen, self.texts = response, set[Any](), set[str]()

    def read(self, function: Any) -> None:
        """Note the texts of a function, under all wrappers that are laid over it."""
        if not isinstance(function, FunctionType) or function in self.seen:
            return
        self.seen.add(function)
        for cell in function.__closure__ or ():
            self._hold(cell.cell_contents)
        self.read(getattr(function, "__wrapped__", None))
        if not function.__module__.startswith(("moto.ec2", "ecs_emulator.services.ec2")):
            return
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._hold(node.value)
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
                self.read(inspect.getattr_static(self.response, node.attr, None))
            elif isinstance(node, ast.Name):
                self.read(function.__globals__.get(node.id))

    def _hold(self, value: Any) -> None:
        if isinstance(value, str):
            self.texts.update((value, value.partition(".")[0]))
        elif isinstance(value, dict | list | tuple):
            for one in value:
                self._hold(one)
        else:
            self.read(value)


def unread() -> Iterator[tuple[str, list[str]]]:
    """Yield each operation that is offered, and the members that it does not read."""
    from moto.core.utils import get_service_model
    from moto.ec2.responses import EC2Response

    from ecs_emulator.services.ec2.dry_run import offers

    model = get_service_model("ec2")
    for operation in filter(offers, model.operation_names):
        reading = Reading(EC2Response)
        reading.read(getattr(EC2Response, xform_name(operation)))
        shape = model.operation_model(operation).input_shape
        members = [name for name in (shape.members if shape else ()) if name not in OF_ALL]
        known = {text.lower() for text in reading.texts}
        yield operation, [name for name in members if name.lower() not in known]


def found() -> dict[str, Any]:
    """Return the unread members, the tables of those refused and ignored, and the number of all."""
    from moto.core.utils import get_service_model

    from ecs_emulator.services.ec2 import offered

    model = get_service_model("ec2")
    all_of_them = dict(unread())
    shapes = [model.operation_model(name).input_shape for name in all_of_them]
    return {
        "all": sum(len(shape.members) for shape in shapes if shape),
        "unread": {name: members for name, members in all_of_them.items() if members},
        "refused": offered.TABLE,
        "usual": offered.USUAL,
        "ignored": offered.IGNORED,
    }


if __name__ == "__main__":
    from ecs_emulator import overlay

    overlay.install()
    print(json.dumps(found()))
