"""The state in an S3 bucket, for a team: a document, a journal with one object for each entry, and a lease.

Two writers cannot both continue. Each session first rewrites the document, on the condition that it is as it was read;
so each serial's journal belongs to one session. A session that ends normally says so in the document. Any other may
only be asleep. Before its journal is folded, a seal is written at the place of its next entry. A sleeper that wakes
finds the seal there and stops. Seals are not deleted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

from provisioner.state.checks import parsed
from provisioner.state.journal import apply, encoded
from provisioner.state.lease import Lease
from provisioner.state.lock import patiently
from provisioner.state.migrate import kept
from provisioner.state.model import RERUN, Run, State, StateError
from provisioner.state.objects import Objects, StoredObject, Taken
from provisioner.state.runtime import MACHINE, Runtime
from provisioner.state.s3_read import DOCUMENT, Loaded, load, name_of, replay, serial_of
from provisioner.state.store import Store, document

SESSION, ENDED = "session", "ended"
"""The document's metadata key for the session at work, and its value after a session that ended normally."""
LEAP = 1_000_000
"""The most by which the serial grows if the used serials are unknown."""
CLOSED = "the state is closed: nothing more is recorded"

Entry = dict[str, Any]


class S3Store(Store):
    """A state in an S3 bucket, locked by a lease. Use it as a context manager.

    Args:
        objects: the bucket's objects that hold the state.
        stack: the stack's name, for a new state.
        command: the command at work, shown to others that find the lock held.
        writer: this tool's version, written into the document.
        lease: seconds after which another command can take over the lock of a silent one.
        lost: called, in a thread, when another command has taken over; the run has to stop.
        report: called with a message while waiting for another command; None: do not wait.
        note: called with a message for the user that is no failure.
    """

    def __init__(
        self,
        objects: Objects,
        stack: str,
        command: str,
        writer: str,
        lease: float,
        lost: Callable[[], None],
        report: Callable[[str], None] | None = None,
        runtime: Runtime = MACHINE,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(stack, writer, runtime)
        self._objects, self._report, self._pause = objects, report, lease / 30
        self._lease = Lease(objects, command, lease, lost, runtime, note)
        self._session = runtime.token()
        self._etag: str | None = None
        self._folding, self._finished, self._number = list[str](), list[Run](), 0
        # whether the next entry may exist already
        self._unsure = False
        self._queue: list[tuple[Entry, bytes]] = []
        self._queued = self._durable = 0
        self._writing, self._broken = False, ""
        self._turn = runtime.condition()

    def __enter__(self) -> Self:
        """Lock and load the state.

        Raises:
            StateLocked: another command is at work.
            StateError: the state cannot be read or written.
        """
        patiently(self._lease.acquire, self._report, self._pause, self.runtime)
        try:
            loaded = load(self._objects, self._stack, self.runtime)
            self.state, self._etag = loaded.state, loaded.found.etag if loaded.found else None
            if loaded.outdated is not None:
                self.keep(f"state.schema-{loaded.outdated['schema']}.json", kept(loaded.outdated))
            self._folding = _folded(loaded)
            ended = loaded.found and loaded.found.metadata.get(SESSION) == ENDED
            if not ended and not loaded.sealed:
                self._seal(loaded.last, self.state if loaded.found else State(self._stack))
            self.state.serial = self._free_serial(loaded)
            self._fold()
        except BaseException:
            self._lease.release()
            raise
        self._opened = self.runtime.now()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with self._alone():
                self._close()
        finally:
            self._lease.release()

    def check_lock(self) -> None:
        """Ensure that the lease is held: see `Lease.check`."""
        self._lease.check()

    def finish(self, run: Run) -> None:
        """Add a run to the history; raises `StateError` if another command has taken the state over."""
        self._lease.check()
        super().finish(run)
        self._finished.append(run)

    def keep(self, name: str, content: bytes) -> str:
        """Durably write an object beside the state, and return where it is."""
        found = self._objects.listed(name)
        try:
            self._objects.put(name, content, over=found.etag if found else None)
        except Taken:
            raise StateError(
                f"{self._objects.url_of(name)} was written by another command. Run the same command again"
            ) from None
        return self._objects.url_of(name)

    def _append(self, entry: Entry) -> None:
        """Make an entry durable. Entries that threads add during a write are written together by the next write."""
        line = encoded(entry)
        with self._turn:
            self._queue.append((entry, line))
            self._queued += 1
            mine = self._queued
        with self._alone(mine) as alone:
            if alone:
                self._write()
        if self._durable < mine:
            raise StateError(self._broken)
        with self._last_if_it_fails():
            # nothing may follow the write if this process then slept so long that another command has taken over
            self._lease.check()

    @contextmanager
    def _alone(self, mine: float = math.inf) -> Iterator[bool]:
        """Keep other threads from writing during the context.

        Args:
            mine: the number of the last entry that has to be durable; by default, beyond any entry.

        Yields:
            Whether this thread may write; if not, its entries are durable already.
        """
        alone = False
        try:
            with self._turn:
                while self._writing and self._durable < mine:
                    self._turn.wait()
                if self._durable < mine:
                    alone = self._writing = True
            yield alone
        finally:
            if alone:
                with self._turn:
                    self._writing = False
                    self._turn.notify_all()

    @contextmanager
    def _last_if_it_fails(self) -> Iterator[None]:
        """Refuse all later writes after a failure inside the context: later entries would build on it."""
        if self._broken:
            raise StateError(self._broken)
        broken = f"{self._objects.url_of()} cannot be written: a write was interrupted. {RERUN}"
        try:
            yield
            broken = ""
        except StateError as error:
            broken = str(error)
            raise
        finally:
            self._broken = broken or self._broken

    def _write(self) -> None:
        """Write all queued entries as one object of the journal."""
        with self._turn:
            batch, self._queue = self._queue, []
        with self._last_if_it_fails():
            self._lease.check()
            self._put_next(b"".join(line for _, line in batch))
            for entry, _ in batch:
                apply(entry, self.state)
            self._durable += len(batch)

    def _put_next(self, content: bytes) -> None:
        name = name_of(self.state.serial, self._number + 1)
        self._unsure = True
        try:
            self._objects.put(name, content, over=None)
        except Taken as taken:
            raise self._lost(taken.found) from None
        self._unsure = False
        self._folding.append(name)
        self._number += 1

    def _lost(self, found: StoredObject | None) -> StateError:
        """Return the error that ends this store: it names the new holder, from the seal or else from the lock."""
        try:
            sealed = json.loads(found.body.splitlines()[0]).get("sealed") if found else None
        except (ValueError, IndexError, AttributeError):
            sealed = None
        by = StoredObject(json.dumps(sealed).encode(), "", {}, 0) if sealed else self._lease.holder()
        return self._lease.lose(by)

    def _seal(self, last: int, state: State) -> str:
        """Close the journal of a session that did not end normally, behind the last entry that it managed to write.

        Entries that it writes meanwhile are applied to the given state. Returns the seal's name.
        """
        while True:
            name = name_of(self.state.serial, last + 1)
            try:
                self._objects.put(name, encoded({"sealed": self._lease.claim}), over=None)
            except Taken as taken:
                if taken.found is None or replay(self._objects.url_of(name), taken.found.body, state):
                    return name
                self._folding.append(name)
                last += 1
            else:
                return name

    def _free_serial(self, loaded: Loaded) -> int:
        """Return a serial whose successor has no entry, and cannot get one from a session that is only asleep."""
        serial = max(loaded.state.serial, loaded.newest)
        written = loaded.found and SESSION in loaded.found.metadata and loaded.state.serial == serial
        # without a document, or with an earlier one that somebody put back, later serials may be in use
        return serial if written else serial + 1 + int(self.runtime.draw(LEAP))

    def _fold(self) -> None:
        """Write the document with the whole journal in it, and delete the entries that it now contains."""
        with self._alone():
            with self._last_if_it_fails():
                self._replace(self._session)
            # an entry that cannot be deleted now is deleted at the end
            with suppress(StateError):
                self._tidy()

    def _close(self) -> None:
        """Fold for the last time. Reads the journal first if its content is unknown."""
        self._broken = CLOSED
        if self._unsure:
            # a write that S3 refused may have succeeded after all, and somebody may have read it
            self._lease.check()
            self._folding.append(self._seal(self._number, self.state))
        self._replace(ENDED)
        self._tidy()

    def _replace(self, session: str) -> None:
        """Replace the document that this session read or wrote last."""
        self._lease.check()
        while True:
            self.state.serial += 1
            self.state.writer = self._writer
            content = document(self.state)
            try:
                self._etag = self._objects.put(DOCUMENT, content, over=self._etag, metadata={SESSION: session})
                break
            except Taken as taken:
                if taken.found is None or taken.found.metadata.get(SESSION) != self._session:
                    raise self._lost(None) from None
                # somebody may have read this session's own document, whose write seemed to fail: continue from it
                self._etag, self.state = taken.found.etag, self._refused(taken.found.body)
        self._number, self._dirty = 0, False

    def _refused(self, body: bytes) -> State:
        """Return the state of this session's document whose write seemed to fail, with the runs finished since."""
        state = State.from_dict(parsed(body))
        state.history += [run for run in self._finished if run not in state.history]
        return state

    def _tidy(self) -> None:
        """Delete the entries that the document contains."""
        self._objects.delete(self._folding)
        self._folding = []


def _folded(loaded: Loaded) -> list[str]:
    """Return the entries to delete: all, except each serial's last one if it is a seal or may be one."""
    kept = {serial_of(name): name for name in loaded.journal}
    if loaded.found and not loaded.sealed:
        kept.pop(loaded.state.serial, None)
    return [name for name in loaded.journal if kept.get(serial_of(name)) != name]
