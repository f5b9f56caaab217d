"""Stores for the state of a simulated stack: in memory, or the real one on a simulated disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from provisioner.state.journal import apply
from provisioner.state.local import LocalStore, read
from provisioner.state.model import Record, State
from provisioner.state.store import Store
from tests.simulation.disk import Disk, Faults
from tests.simulation.hub import Hub, Process

FOLDER, STACK = Path("/state"), "shop-dev"


class Memory:
    """The durable parts of a state: a document, and the entries of the journal since."""

    def __init__(self) -> None:
        self.document: str | None = None
        self.journal: list[str] = []

    def load(self, stack: str) -> State:
        state = State.from_dict(json.loads(self.document)) if self.document else State(stack, lineage="life")
        for entry in self.journal:
            apply(json.loads(entry), state)
        return state

    def records(self) -> dict[str, Record]:
        return self.load(STACK).records

    def open(self, process: Process) -> Store:
        """Return a store for a process, not opened yet."""
        return MemoryStore(self, process)


class OnDisk:
    """The real state on a simulated disk."""

    def __init__(self, seed: str, hub: Hub) -> None:
        self.disk, self._hub = Disk(seed), hub

    def open(self, process: Process) -> Store:
        """Return a store for a process, not opened yet."""
        return LocalStore(FOLDER, STACK, "up", "simulation", None, process, self.disk.of(process))

    def records(self) -> dict[str, Record]:
        """Return the records that a reader finds."""
        found: list[State] = []
        process = Process(self._hub, "reader")
        faults, self.disk.faults = self.disk.faults, Faults()
        self._hub.run(process.spawn(lambda: found.append(read(FOLDER, STACK, self.disk.of(process)))))
        self.disk.faults = faults
        return found[0].records


class MemoryStore(Store):
    """An open state in memory, whose process can be killed before and after each of its writes."""

    def __init__(self, memory: Memory, process: Process) -> None:
        super().__init__(STACK, "simulation", process)
        self._memory, self._process = memory, process

    def __enter__(self) -> Self:
        self.state = self._memory.load(self._stack)
        self._opened = self.runtime.now()
        return self

    def __exit__(self, *_: object) -> None:
        self._fold()

    def check_lock(self) -> None:
        """Do nothing: no other command opens it."""

    def keep(self, name: str, content: bytes) -> str:
        return name

    def _append(self, entry: dict[str, Any]) -> None:
        self._process.point()
        self._memory.journal.append(json.dumps(entry))
        self._process.point()

    def _fold(self) -> None:
        self._process.point()
        self.state.history.clear()
        self._memory.document = json.dumps(self.state.to_dict())
        self._memory.journal.clear()
        self._process.point()
