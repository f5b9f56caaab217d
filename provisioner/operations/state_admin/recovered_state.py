"""Write a recovered state: its settings before its resources, after a copy of the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.operations.context import cluster_tags
from provisioner.state.model import Run
from provisioner.state.store import document

if TYPE_CHECKING:
    from provisioner.operations.state_admin.recovery import Recovery
    from provisioner.state.store import Store


def write(store: Store, recovery: Recovery) -> None:
    """Replace the records by the found resources, and keep the records of refused ones.

    Settings come first: once a resource is recorded, the state is not lost any more, and its settings alone count.
    """
    started = store.runtime.time()
    for item in sorted(recovery.found, key=lambda item: item.record.type not in cluster_tags.COPIED):
        store.put(item.record)
    kept = {item.record.address for item in recovery.found} | recovery.refused.keys()
    for address in [address for address in store.records if address not in kept]:
        store.drop(address)
    store.finish(
        Run("recover", started, round(store.runtime.time() - started, 2), "ok", {"recorded": len(recovery.found)})
    )


def backup(store: Store) -> str:
    """Keep a copy of the present state beside it; return its place."""
    return store.keep(f"state.before-recover-{store.state.serial}.json", document(store.state))
