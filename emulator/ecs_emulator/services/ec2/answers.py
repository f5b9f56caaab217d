"""Members of the answers to EC2's lists, read from moto's objects in the form of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.serialize import EC2Serializer, XFormedAttributePicker
from moto.core.utils import get_service_model


@dataclass(frozen=True)
class Listing:
    """The list that an operation answers."""

    operation: str

    @property
    def shape(self) -> Any:
        """The shape of the whole answer."""
        return get_service_model("ec2").operation_model(self.operation).output_shape

    @property
    def key(self) -> str:
        """The member that is the list."""
        return next(str(name) for name, shape in self.shape.members.items() if _is_list_of_structures(shape))

    @property
    def item(self) -> Any:
        """The shape of an item: of an instance, not of its reservation."""
        shape = self.shape.members[self.key].member
        return shape.members["Instances"].member if self.key == "Reservations" else shape

    @property
    def tags(self) -> str:
        """The path to an item's tags; empty if it has none."""
        if self.operation == "DescribeTags":
            return "."
        return next((name for name in ("Tags", "TagSet") if name in self.item.members), "")

    def reader(self, response: Any) -> Reader:
        """Return a reader of the items that a response's method returns."""
        picker = XFormedAttributePicker(response_transformers=response.RESPONSE_KEY_PATH_TO_TRANSFORMER)
        return Reader(get_service_model("ec2").operation_model(self.operation), value_picker=picker)


def _is_list_of_structures(shape: Any) -> bool:
    return bool(shape.type_name == "list" and shape.member.type_name == "structure")


class Reader(EC2Serializer):
    """Reads members of moto's objects, as the serializer of the answer does."""

    def texts(self, value: Any, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
        """Yield the text of each value at the end of a path."""
        if value is None:
            return
        if shape.type_name == "list":
            for one in value:
                yield from self.texts(one, shape.member, path)
        elif path:
            member = shape.members[path[0]]
            yield from self.texts(self.member(value, shape, path[0]), member, path[1:])
        else:
            written: dict[str, Any] = {}
            self._serialize(written, value, shape, "value")
            yield from (str(one) for one in written.values())

    def member(self, value: Any, shape: Any, name: str) -> Any:
        """Return a member of a moto object."""
        member = shape.members[name]
        member.parent, self.path = shape, [shape.name]
        return self.get_value(value, name, member)
