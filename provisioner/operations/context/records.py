"""Look up one record in the state, or refuse with the records that come nearest."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.records.type_aliases import renamed
from provisioner.engine.resource_types import current
from provisioner.state.model import Record, State


def find_record(state: State, address: str) -> dict[str, Any]:
    """Return one record with all its fields.

    Raises:
        ConfigurationError: the state has no record of that address; the message names similar addresses.
    """
    if address in state.records:
        return asdict(state.records[address])
    import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)

    if found := renamed(state.records).get(current(address)):
        return asdict(found)
    near = difflib.get_close_matches(address, state.records, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`provision state list` shows the records"
    raise ConfigurationError(f"there is no record {address}: {hint}")


def service_record(records: Mapping[str, Record], name: str) -> Record:
    """Return the record of a service.

    Raises:
        ConfigurationError: the service has not been created.
    """
    record = records.get(f"service/{name}")
    if record is None or "task_definition" not in record.arguments:
        raise ConfigurationError(f"service {name} has not been created yet: run `provision up`")
    return record
