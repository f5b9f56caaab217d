"""The walks of one `up` over its resources: create and change, move traffic, delete, narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from provisioner.engine.declaration import reachable
from provisioner.engine.errors import TimedOut
from provisioner.engine.events import Emit, Notice, ResourceWaiting
from provisioner.engine.execution.apply import Apply
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.execution.narrowing import Narrow
from provisioner.engine.records.consistency import dependents, type_of
from provisioner.engine.traits import Leads, Runs
from provisioner.engine.words import names

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record
    from provisioner.state.store import Store

STOPPING_TIMEOUT, LOOK_SECONDS = 1200.0, 5.0
"""Seconds that tasks may take to drain and stop; seconds between two reads of them."""


class Walks(NamedTuple):
    """The walks of one `up`, in the order in which they run (`engine/parts.py`)."""

    apply: Apply
    shift: Narrow
    divert: Destroy
    drain: Destroy
    narrow: Narrow
    destroy: Destroy

    @classmethod
    def of(cls, aws: Aws, store: Store, emit: Emit, apply: Apply, orphaned: Sequence[str], *, unprotect: bool) -> Walks:
        """Return the walks; an orphan that leads traffic here is deleted first, then each orphan that runs tasks."""
        leading = [address for address in orphaned if issubclass(type_of(store.records[address]), Leads)]
        running = [address for address in running_orphans(store.records, orphaned) if address not in leading]
        divert, drain, destroy = (
            Destroy(aws.exhaustive(), store, some, emit, unprotect=unprotect)
            for some in (leading, running, set(orphaned) - {*leading, *running})
        )
        return cls(apply, Narrow(apply, "shifted"), divert, drain, Narrow(apply, "declared"), destroy)

    def take_away(self, aws: Aws) -> None:
        """Move the traffic, delete the orphans, and narrow the settings that nothing uses any more."""
        self.shift.run()
        going = [record for walk in (self.divert, self.drain, self.destroy) for record in walk.records.values()]
        for resource_type in dict.fromkeys(map(type_of, going)):
            # finds resources that an interrupted teardown left half deleted
            aws.mark_stale(resource_type)
        self.divert.run()
        self.drain.run()
        if self.apply.wider:
            self._wait_until_stopped(aws)
        self.narrow.run()
        self.destroy.run()

    def _wait_until_stopped(self, aws: Aws) -> None:
        """Wait until all stopping tasks have stopped: they use the former settings until then.

        Raises:
            TimedOut: some still run after `STOPPING_TIMEOUT`.
        """
        began, address = aws.pace.now(), next(iter(self.apply.wider))
        types = {type(one.resource) for one in self.apply.declared.values()}
        running = [one for one in types if issubclass(one, Runs)]
        while left := next(filter(None, (resource_type.winding_down(aws) for resource_type in running)), ""):
            seconds = aws.pace.now() - began
            if seconds > STOPPING_TIMEOUT:
                raise TimedOut(
                    f"timed out after {seconds:.0f} s: {left}. Run the same command again to continue waiting"
                )
            step = self.apply.declared[address].step
            self.apply.progress.emit(
                ResourceWaiting(address, step, f"its former part is in use: {left}", round(seconds, 1))
            )
            aws.pace.sleep(LOOK_SECONDS)

    def tell_what_stays(self, emit: Emit, until: str) -> None:
        """Tell the user which resources keep wider settings than declared, and until when."""
        if wider := list(self.apply.wider):
            emit(Notice(f"kept, since it may be in use, until {until}: the former part of {names(wider)}"))


def running_orphans(records: Mapping[str, Record], orphaned: Sequence[str]) -> list[str]:
    """Return the orphans that run tasks, with their dependents.

    They are deleted before the resources and settings that they use.
    """
    built = dependents({address: records[address] for address in orphaned})
    running = [address for address in orphaned if issubclass(type_of(records[address]), Runs)]
    return list(dict.fromkeys(user for address in running for user in reachable(address, built.__getitem__)))
