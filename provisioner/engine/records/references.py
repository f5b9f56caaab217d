"""The declared and recorded resources, for the bulk reads: named ones are looked up by name, others by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.engine.declaration import Declared, filled
from provisioner.engine.records import consistency as recorded
from provisioner.engine.resource import Observed, Resource, output_of

if TYPE_CHECKING:
    from provisioner.state.model import Record


@dataclass(frozen=True)
class KnownResources:
    """The declared and recorded fields of a run's resources, which its lists look up. The records are the open state's.

    Raises:
        StateError: the records do not fit the resource types.
    """

    records: Mapping[str, Record] = field(default_factory=dict)
    declarations: Mapping[str, Declared] = field(default_factory=dict)

    def __post_init__(self) -> None:
        recorded.check(self.records)

    def known(self, resource_type: type[Resource], observed: Mapping[str, Observed]) -> Sequence[Mapping[str, Any]]:
        """Return the fields of a type's resources that are declared or recorded.

        Args:
            observed: the resources found so far, by address.
        """

        def lookup(address: str, output: str) -> Any:
            return output_of(observed.get(address) or self.records.get(address), output)

        wanted = [
            filled(item.resource, lookup).fields()
            for item in self.declarations.values()
            if type(item.resource) is resource_type
        ]
        return wanted + [fields for fields in recorded_fields(self.records, resource_type) if fields not in wanted]

    def of(self, resource_type: type[Resource]) -> Sequence[Record]:
        """Return the records of a type."""
        return [record for record in list(self.records.values()) if record.type == resource_type.type_name]

    def settled(self, resource_type: type[Resource]) -> Sequence[Mapping[str, Any]]:
        """Return the recorded fields of ready resources."""
        ready = {address: record for address, record in list(self.records.items()) if record.phase == "ready"}
        return recorded_fields(ready, resource_type)

    def recorded(self, resource_type: type[Resource]) -> Sequence[str]:
        """Return the recorded ids: tags alone can be rewritten by anybody."""
        return [record.id for record in self.of(resource_type) if record.id]

    def unready(self, resource_type: type[Resource]) -> dict[str, Mapping[str, Any]]:
        """Return the outputs of the records that are not ready, by id."""
        found = self.of(resource_type)
        return {record.id: record.outputs for record in found if record.id and record.phase != "ready"}


NOTHING = KnownResources()


def recorded_fields(records: Mapping[str, Record], resource_type: type[Resource]) -> list[dict[str, Any]]:
    """Return a type's recorded arguments that contain its identity; older versions may not have recorded it."""
    # copied in one go: other threads record resources meanwhile
    found = [record.arguments for record in list(records.values()) if record.type == resource_type.type_name]
    return [arguments for arguments in found if all(name in arguments for name in resource_type.identity)]
