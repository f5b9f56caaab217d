"""The common part of all stores: the records of an open state, their changes, and their owner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, replace
from typing import Any, Self

from provisioner.state.checks import lossy, text
from provisioner.state.document import written
from provisioner.state.model import Record, Run, State, StateError
from provisioner.state.runtime import MACHINE, Runtime


class Store(ABC):
    """A state that is locked and open between `__enter__` and `__exit__`. Changes by `put` and `drop` are durable.

    Args:
        stack: the stack's name, for a new state.
        writer: this tool's version, written into the document.
        runtime: the clock, and the threads that may share it.
    """

    state: State

    def __init__(self, stack: str, writer: str, runtime: Runtime = MACHINE) -> None:
        self.state, self.runtime = State(stack), runtime
        self._stack, self._writer = stack, writer
        self._dirty = False
        self._opened, self._written = runtime.now(), dict[str, float]()

    @abstractmethod
    def __enter__(self) -> Self:
        """Lock and load the state.

        Raises:
            StateLocked: another command is at work.
            StateError: the state cannot be read or written.
        """

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @property
    def records(self) -> dict[str, Record]:
        """The records by address; change them through `put` and `drop` only."""
        return self.state.records

    def put(self, record: Record) -> Record:
        """Make a record durable, then return it with the time of the change. Threads may share the store.

        Raises:
            StateError: it cannot be written, or could not be read again; nothing was changed.
        """
        record = replace(record, changed=self.runtime.time())
        _check_record(record)
        # set it first: after a failure the journal may contain the entry all the same
        self._dirty = True
        # not `asdict`, which copies the whole content and takes longer than all the rest
        self._append({"put": vars(record)})
        self.state.records[record.address] = record
        self._written[record.address] = self.runtime.now()
        return record

    def drop(self, address: str) -> None:
        """Make the removal of an address's record durable; raises `StateError` as `put` does."""
        if not text(address):
            raise _unreadable(ascii(address), "it is not an address")
        self._dirty = True
        self._append({"drop": address})
        self.state.records.pop(address, None)

    def age(self, address: str = "") -> float:
        """Return the seconds since this session wrote a record; for any other, since it opened the state.

        They come from a monotonic clock: the calendar's time may be set during a run, and an earlier run may have had
        another.
        """
        return self.runtime.now() - self._written.get(address, self._opened)

    @abstractmethod
    def check_lock(self) -> None:
        """Ensure that this command still holds the lock; raises `StateError` if another command has taken it over."""

    def finish(self, run: Run) -> None:
        """Add a run to the history, which is written when the store closes; raises `StateError` as `put` does."""
        _check_run(run)
        self.state.history.append(run)
        self._dirty = True

    def guard(self, stack: str, account: str, region: str) -> None:
        """Bind a new state to account and region durably, or refuse a foreign one (see `State.guard`)."""
        before = (self.state.account, self.state.region)
        _check_head(stack, account, region)
        self.state.guard(stack, account, region)
        if before != (account, region):
            self._dirty = True
            try:
                self._fold()
            except StateError:
                self.state.account, self.state.region = before
                self._dirty = True
                raise

    def swap(self, state: State, name: str) -> str:
        """Replace this state by another one durably, and keep the old one in a file; returns the file's place.

        Args:
            state: the new state; its serial continues from the higher one of both.
            name: the occasion, a part of the kept file's name.

        Raises:
            StateError: it cannot be written, or could not be read again; the old state stays.
        """
        _check_head(state.stack, state.account, state.region, state.lineage, state.writer)
        for record in state.records.values():
            _check_record(record)
        for run in state.history:
            _check_run(run)
        if self._dirty:
            # an entry left in the journal would not belong to the new state
            self._fold()
        kept = self.keep(f"state.{name}-{self.state.serial}.json", document(self.state))
        before = self.state
        state.serial = max(state.serial, before.serial)
        self.state, self._dirty = state, True
        try:
            self._fold()
        except StateError:
            before.serial = state.serial
            self.state, self._dirty = before, True
            raise
        return kept

    @abstractmethod
    def keep(self, name: str, content: bytes) -> str:
        """Durably write a file beside the state, and return where it is."""

    @abstractmethod
    def _append(self, entry: dict[str, Any]) -> None:
        """Make one entry of the journal durable; raises `StateError` when it cannot be."""

    @abstractmethod
    def _fold(self) -> None:
        """Fold the journal into the document and start a new one."""


# two levels deep in the document: in the table of records, or the list of runs
_INSIDE = 2


def _check_record(record: Record) -> None:
    """Raise `StateError` if a record could not be read again."""
    data = vars(record)
    if why := Record.wrong(data) or _lossy(data):
        raise _unreadable(ascii(record.address), why)


def _check_run(run: Run) -> None:
    data = asdict(run)
    if why := Run.wrong(data) or _lossy(data):
        raise _unreadable(f"the run of {run.command!a}", why)


def _check_head(*texts: str) -> None:
    for one in texts:
        if not text(one):
            raise _unreadable("the state", f"{ascii(one)[:100]} is not a line of text")


def _lossy(data: dict[str, Any]) -> str:
    if not lossy(data, _INSIDE):
        return ""
    parts = ((key, lossy([value], _INSIDE)) for key, value in data.items())
    return next(f"{key}: {why}" for key, why in parts if why)


def _unreadable(what: str, why: str) -> StateError:
    return StateError(
        f"{what[:100]} is not recorded, because it could not be read again: {why}. This is a bug in provision: "
        f"report it"
    )


def document(state: State) -> bytes:
    """Return the document as it is written: JSON that a person can read."""
    return b"".join(written(state))
