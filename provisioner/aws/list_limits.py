"""The lengths of lists in calls: AWS's models limit them, botocore does not check that, and AWS refuses the call.

A list that grows with the stack, such as the names of its alarms, has to be sent in pieces. Every call is checked
before it is sent, and so is the input of every schedule that calls an API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape


def check(params: Any, model: OperationModel, **_: Any) -> None:
    """Refuse parameters with a list that is longer than the model allows.

    Raises:
        ParamValidationError: with the lists, their lengths and limits.
    """
    from botocore.exceptions import ParamValidationError

    if model.input_shape is not None and (found := list(too_long(model.input_shape, params))):
        raise ParamValidationError(report="; ".join(found))


def too_long(shape: Shape, value: Any, way: str = "") -> Iterator[str]:
    """Yield a sentence on each list in a value that is longer than its shape allows.

    Members may be spelled as in any of AWS's SDKs: `DbClusterIdentifier` is `DBClusterIdentifier`.
    """
    from botocore.model import ListShape, MapShape, StructureShape

    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        members = {name.lower(): member for name, member in shape.members.items()}
        for name, one in value.items():
            if member := members.get(str(name).lower()):
                yield from too_long(member, one, f"{way}.{name}" if way else str(name))
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for name, one in value.items():
            yield from too_long(shape.value, one, f"{way}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list | tuple):
        most = shape.metadata.get("max")
        if most is not None and len(value) > most:
            yield f"{way} has {len(value)} entries, and AWS takes {most}"
        for one in value:
            yield from too_long(shape.member, one, way)
