"""Records under former type names: read, and rewritten, under the present names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.resource_types import current
from provisioner.state.model import REBUILD, Record, StateError

if TYPE_CHECKING:
    from provisioner.state.store import Store


def renamed(records: Mapping[str, Record], *, importing: bool = True) -> dict[str, Record]:
    """Return the records under the present names of their types.

    Args:
        importing: whether types that are not imported yet may be imported for their names.

    Raises:
        StateError: two records get the same present address, with different ids.
    """
    now = {address: current(address, importing=importing) for address in records}
    found: dict[str, Record] = {}
    for old, record in records.items():
        address = now[old]
        if address in found and found[address].id != record.id:
            raise StateError(
                f"the state is inconsistent: it has two records of {address}, one under a former name, with different "
                f"IDs. Restore it from a backup; {REBUILD}"
            )
        # a command killed during the rewriting has left both: the record with the present name is newer
        if old == address or address not in found:
            found[address] = _renamed(record, address, now)
    return found


def rewrite(store: Store) -> None:
    """Rewrite all records of an open state under their present names. If it is killed, run it again.

    Raises:
        StateError: as `renamed`, or the state cannot be written.
    """
    before = dict(store.records)
    after = renamed(before)
    for address, record in after.items():
        if before.get(address) != record:
            store.put(record)
    for address in before.keys() - after.keys():
        store.drop(address)


def _renamed(record: Record, address: str, now: Mapping[str, str]) -> Record:
    dependencies = [now.get(one, one) for one in record.dependencies]
    if address == record.address and dependencies == record.dependencies:
        return record
    type_name = address.partition("/")[0] if address != record.address else record.type
    return replace(record, address=address, type=type_name, dependencies=dependencies)
