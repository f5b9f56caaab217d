"""Search AWS after a destroy for remaining resources of this stack, even if the state names none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import all_types
from provisioner.engine.traits import why_left

if TYPE_CHECKING:
    from provisioner.engine.ports import Provider
    from provisioner.state.model import Record


@dataclass(frozen=True)
class Leftover:
    """A resource of this stack that is still there: its resource type, its id, and the reason, if known."""

    type_name: str
    id: str
    why: str


def find_leftovers(
    aws: Provider, staying: Mapping[str, Record], resource_types: Collection[type[Resource]] | None = None
) -> list[Leftover]:
    """Read every type anew and return this stack's resources that are still there, by their tags or names.

    A resource type that cannot be read counts as left.

    Args:
        staying: the records of resources that were not to be deleted.
        resource_types: the resource types to read, if not all.

    Raises:
        Interrupted: the user asked to stop while a read waited for its turn.
    """
    aws.drop_reads()
    wanted = [
        resource_type
        for resource_type in all_types().values()
        if not resource_type.retained and (resource_types is None or resource_type in resource_types)
    ]
    found = aws.pace.runtime.each(lambda resource_type: _left(aws, resource_type, staying), wanted, 16)
    return [leftover for group in found for leftover in group]


def _left(aws: Provider, resource_type: type[Resource], staying: Mapping[str, Record]) -> list[Leftover]:
    try:
        observed = [live for live in aws.live(resource_type) if live.owned and not why_left(aws, resource_type, live)]
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 (one resource type that cannot be read does not keep the others from being told)
        return [Leftover(resource_type.type_name, "unknown", f"it could not be read: {aws.errors.explained(error)}")]
    ids = {record.id for record in staying.values() if record.type == resource_type.type_name}
    return [
        Leftover(
            resource_type.type_name,
            live.id,
            f"it is still being deleted ({live.status})" if live.deleting else live.status,
        )
        for live in observed
        if live.address not in staying and live.id not in ids
    ]
