"""The protection of a whole stack from deletion: recorded by `up`, read by all that deletes or forgets.

Types with a protection of their own in AWS (load balancer, database) have that as well. A stack may have none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.config.records import PROTECTED
from provisioner.operations.overrides import expiration
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.store import Store

ADDRESS = f"{PROTECTED}/main"
STEP = "services"
SETTING = "protect = true"
LAST = frozenset({expiration.ADDRESS, ADDRESS})
"""The addresses of the records that `down` drops when all else is gone."""


def recorded(records: Mapping[str, Record]) -> bool:
    """Return whether the state protects the stack."""
    return ADDRESS in records


def holds(config: Config, records: Mapping[str, Record]) -> bool:
    """Return whether the stack is protected, by its configuration or still by the state."""
    return config.protect or recorded(records)


def record_first(store: Store, config: Config, until: int | None) -> None:
    """Record the protection of the stack, and its expiry date: both hold however an `up` ends."""
    if config.protect and not recorded(store.records):
        store.put(Record(ADDRESS, PROTECTED, "ready", "", step=STEP))
    expiration.keep(store, until)


def drop_last(store: Store) -> None:
    """Forget the protection and the expiry date of a stack that is gone."""
    expiration.keep(store, None)
    if recorded(store.records):
        store.drop(ADDRESS)
