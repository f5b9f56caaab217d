"""The walk that removes settings that nothing uses any more: the later parts of changes (`engine/parts.py`)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Dependency, reachable
from provisioner.engine.parts import Part, as_of
from provisioner.engine.resource import compare
from provisioner.engine.scheduling.progress import RunProgress
from provisioner.engine.scheduling.scheduler import Node, Scheduler

if TYPE_CHECKING:
    from provisioner.engine.execution.apply import Apply


class Narrow:
    """One walk that makes a later part of the changes which `Apply` has begun, users before used resources.

    Args:
        apply: the finished run that brought every resource to its wider form.
        part: the part to make.
        only: the fields of which this part changes something; resources that need more stay wide. None: all fields.
    """

    def __init__(self, apply: Apply, part: Part, only: Collection[str] | None = None) -> None:
        self._apply, self._part, self._only = apply, part, only
        whole = apply.progress
        # a resource ends once, with its last part; each walk has its own moments
        self.progress = RunProgress(whole.emit, whole.steps, whole.clock, whole.results)

    def run(self) -> None:
        """Walk the graph backwards: dependents are narrowed before their dependencies.

        Raises:
            SomeFailed: see `Scheduler.run`.
        """
        apply, declared = self._apply, self._apply.declared
        going = [address for address in apply.wider if self._differs(address)]
        users: dict[str, list[Dependency]] = {address: [] for address in going}
        for user in going:
            # indirect dependencies too: the resources in between may need no change
            for one in reachable(user, lambda address: declared[address].uses):
                if one in users and one != user:
                    users[one].append(Dependency(user, ready=True))
        nodes = [
            Node(address, type(declared[address].resource), declared[address].step, users[address])
            for address in reversed(going)
        ]

        def reached(dependency: Dependency, _: set[str], done: set[str]) -> bool:
            return dependency.address in done

        emit, pace = self.progress.emit, apply.aws.pace
        Scheduler(
            nodes,
            lambda address: apply.act(address, self._part),
            apply.look,
            reached,
            emit,
            pace,
            self.progress.moments,
        ).run()

    def _differs(self, address: str) -> bool:
        """Return whether this part changes anything of a resource."""
        live, wanted = self._apply.observed[address], self._apply.wider[address]
        changes = compare(as_of(self._part, wanted, live.attributes, live), live)
        return bool(changes) and (self._only is None or changes.keys() <= {*self._only})
