"""The state in an S3 bucket, for a team: a document, a journal of one object an entry, and a lease.

Two writers cannot both go on. Each session begins by writing the document anew, on the condition that it is the one
that was read; so the journal of each serial is one session's alone. A session that ends well says so in the document.
One that did not may only be asleep: before its journal is folded, it is sealed by an entry at the place of its next
one, where the sleeper, should it wake, finds that it was not first. Seals stay.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from state.checks import parsed
from state.journal import apply, encoded
from state.lease import Lease
from state.lock import patiently
from state.migrate import migrate
from state.model import MEND, Run, State, StateError
from state.objects import Found, Objects, Taken
from state.runtime import MACHINE, Runtime
from state.store import Store, document

DOCUMENT, JOURNAL = "state.json", "journal/"
SESSION, ENDED = "session", "ended"
"""The metadata of the document that names the session that is at work on it, and what it says when that ended well."""
READERS = 16
READINGS = 10
"""How often a state that changes while it is read is read again."""
LEAP = 1_000_000
"""By how much the serial may grow where it cannot be known which ones are taken."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class _Loaded:
    """What was read.

    Attributes:
        found: the document, None for a new state.
        outdated: the document as it was, if it had to be migrated.
        journal: the names of all entries, older ones that a kill has left included.
        last: the number of the newest entry that continues the document.
        sealed: whether that is a seal, or nothing is there to be sealed.
        newest: the highest serial of any entry.
    """

    state: State
    found: Found | None
    outdated: bytes | None
    journal: list[str]
    last: int
    sealed: bool
    newest: int


def read(objects: Objects, stack: str, runtime: Runtime = MACHINE) -> State:
    """Return the state without locking or changing anything; an empty one if there is none.

    Raises:
        StateError: it is unreadable or newer than this version, or S3 cannot be read.
    """
    return _load(objects, stack, runtime).state


def _load(objects: Objects, stack: str, runtime: Runtime) -> _Loaded:
    for _ in range(READINGS):
        found = objects.get(DOCUMENT)
        trouble = None
        try:
            loaded = _assembled(objects, stack, found, runtime)
        except StateError as error:
            trouble = error
        # entries go away when they are folded: what was read counts if the document is still the same
        if objects.etag(DOCUMENT) == (found.etag if found else None):
            if trouble:
                raise trouble
            return loaded
    raise StateError(f"{objects.where(DOCUMENT)} changes all the time while it is read. Try again")


def _assembled(objects: Objects, stack: str, found: Found | None, runtime: Runtime) -> _Loaded:
    state, outdated = State(stack), None
    if found:
        try:
            current, changed = migrate(parsed(found.body))
            state, outdated = State.from_dict(current), found.body if changed else None
        except ValueError as error:
            raise StateError(
                f"{objects.where(DOCUMENT)} is not JSON ({error}). Put an earlier version of it back (docs/state.md)"
            ) from None
        except StateError as error:
            raise type(error)(f"{objects.where(DOCUMENT)}: {error}") from None
    journal = objects.names(JOURNAL)
    newest = max(map(_serial, journal), default=0)
    if found is None:
        # whoever was at work on a document that was lost must find a seal
        state.serial = newest
        last = max((_number(name) for name in journal if _serial(name) == newest), default=0)
        return _Loaded(state, None, None, journal, last, sealed=not journal, newest=newest)
    names = [name for name in journal if _serial(name) == state.serial]
    sealed = False
    entries = runtime.each(objects.get, names, READERS)
    for number, (name, entry) in enumerate(zip(names, entries, strict=True), start=1):
        if entry is None or name != _name(state.serial, number):
            raise StateError(f"{objects.where(_name(state.serial, number))} is missing. Put it back (docs/state.md)")
        sealed = _replay(objects.where(name), entry.body, state)
    return _Loaded(state, found, outdated, journal, len(names), sealed, newest)


def _replay(where: str, body: bytes, state: State) -> bool:
    """Apply an object of the journal to the state; return whether it is a seal."""
    try:
        for entry in map(parsed, body.splitlines()):
            if "sealed" in entry:
                return True
            apply(entry, state)
    except (ValueError, TypeError, StateError) as error:
        raise StateError(f"{where} is not a journal entry ({error}). Put it right or back (docs/state.md)") from None
    return False


def _name(serial: int, number: int) -> str:
    return f"{JOURNAL}{serial:08d}/{number:06d}"


def _serial(name: str) -> int:
    serial = name.removeprefix(JOURNAL).partition("/")[0]
    return int(serial) if serial.isdecimal() else 0


def _number(name: str) -> int:
    number = name.rpartition("/")[2]
    return int(number) if number.isdecimal() else 0


class S3Store(Store):
    """A state in an S3 bucket, locked by a lease. Use it as a context manager.

    Args:
        objects: where the state lives.
        stack: the stack's name, for a new state.
        command: what is being done, for whoever finds the lock held.
        writer: this tool's version, written into the document.
        lease: seconds after which the lock of a command that is not heard of can be taken over.
        lost: called, in a thread, when that happens to this one; the run has to stop.
        tell: if another command is at work, wait for it, and say so with this; None: give up.
    """

    def __init__(
        self,
        objects: Objects,
        stack: str,
        command: str,
        writer: str,
        lease: float,
        lost: Callable[[], None],
        tell: Callable[[str], None] | None = None,
        runtime: Runtime = MACHINE,
    ) -> None:
        super().__init__(stack, writer, runtime)
        self._objects, self._command, self._tell = objects, command, tell
        self._pause = lease / 30
        self._lease = Lease(objects, command, lease, lost, runtime)
        self._session = runtime.token()
        self._etag: str | None = None
        self._folding: list[str] = []
        self._number = 0
        self._queue: list[Entry] = []
        self._queued = self._durable = 0
        self._writing, self._broken = False, ""
        self._turn = runtime.condition()

    def __enter__(self) -> Self:
        """Lock and load.

        Raises:
            StateLocked: another command is at work.
            StateError: the state cannot be read or written.
        """
        patiently(self._lease.acquire, self._tell, self._pause, self.runtime)
        try:
            loaded = _load(self._objects, self._stack, self.runtime)
            self.state, self._etag = loaded.state, loaded.found.etag if loaded.found else None
            if loaded.outdated is not None:
                self.keep(f"state.schema-{json.loads(loaded.outdated)['schema']}.json", loaded.outdated)
            self._folding = _folded(loaded)
            ended = loaded.found and loaded.found.metadata.get(SESSION) == ENDED
            if not ended and not loaded.sealed:
                self._seal(loaded.last, self.state if loaded.found else State(self._stack))
            self.state.serial = self._free_serial(loaded)
            self._fold()
        except BaseException:
            self._lease.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._session = ENDED
            self._fold()
        finally:
            self._lease.release()

    def finish(self, run: Run) -> None:
        """Add a run to the history; raises `StateError` if another command has taken the state over."""
        self._lease.check()
        super().finish(run)

    def keep(self, name: str, content: bytes) -> str:
        """Durably write an object beside the state, and return where it is."""
        found = self._objects.get(name)
        self._objects.put(name, content, over=found.etag if found else None)
        return self._objects.where(name)

    def _append(self, entry: Entry) -> None:
        """Make an entry durable. What threads hand in while a write is under way becomes the next one, together."""
        with self._turn:
            self._queue.append(entry)
            self._queued += 1
            mine = self._queued
            while self._writing and self._durable < mine:
                self._turn.wait()
            batch = list(self._queue) if self._durable < mine and not self._broken else []
            if batch:
                self._queue.clear()
                self._writing = True
        if batch:
            self._write(batch)
        if self._durable < mine:
            raise StateError(self._broken)
        # nothing may follow a write after which this process slept for so long that another has gone on
        self._lease.check()

    def _write(self, batch: Sequence[Entry]) -> None:
        """Write entries as one object of the journal, while all others wait."""
        broken = f"{self._objects.where(JOURNAL)} cannot be written: a write was cut short. {MEND}"
        try:
            self._lease.check()
            self._put_next(b"".join(map(encoded, batch)))
            broken = ""
        except StateError as error:
            broken = str(error)
        finally:
            with self._turn:
                self._broken = broken
                if not broken:
                    self._durable += len(batch)
                    for entry in batch:
                        apply(entry, self.state)
                self._writing = False
                self._turn.notify_all()

    def _put_next(self, content: bytes) -> None:
        name = _name(self.state.serial, self._number + 1)
        try:
            self._objects.put(name, content, over=None)
        except Taken as taken:
            raise self._lost(taken.found) from None
        self._folding.append(name)
        self._number += 1

    def _lost(self, found: Found | None) -> StateError:
        """Stop for good, and say who has taken over: a seal says so itself, otherwise the lock does."""
        try:
            sealed = json.loads(found.body.splitlines()[0]).get("sealed") if found else None
        except (ValueError, IndexError, AttributeError):
            sealed = None
        by = Found(json.dumps(sealed).encode(), "", {}, 0) if sealed else self._lease.holder()
        return self._lease.lose(by)

    def _seal(self, last: int, state: State) -> None:
        """Close the journal of a session that did not end well, behind the last entry that it managed to write.

        What it still writes meanwhile has its effect on the state that is handed in.
        """
        while True:
            name = _name(self.state.serial, last + 1)
            try:
                self._objects.put(name, encoded({"sealed": self._lease.said}), over=None)
            except Taken as taken:
                if taken.found is None or _replay(self._objects.where(name), taken.found.body, state):
                    return
                self._folding.append(name)
                last += 1
            else:
                return

    def _free_serial(self, loaded: _Loaded) -> int:
        """Return a serial such that no entry has the next one, nor will get it from anybody who is only asleep."""
        serial = max(loaded.state.serial, loaded.newest)
        written = loaded.found and SESSION in loaded.found.metadata and loaded.state.serial == serial
        # where there is no document, or a person has put an earlier one back, later ones may have been worked on
        return serial if written else serial + 1 + int(self.runtime.draw(LEAP))

    def _fold(self) -> None:
        """Write the document anew, with all that the journal says, and delete what it then holds twice."""
        self._lease.check()
        self.state.serial += 1
        self.state.writer = self._writer
        try:
            self._etag = self._objects.put(
                DOCUMENT, document(self.state), over=self._etag, metadata={SESSION: self._session}
            )
        except Taken:
            raise self._lost(None) from None
        self._number, self._dirty = 0, False
        self._objects.delete(self._folding)
        self._folding = []


def _folded(loaded: _Loaded) -> list[str]:
    """Return the entries to delete: all, but of each serial's the last one if it is, or may be, a seal."""
    kept = {_serial(name): name for name in loaded.journal}
    if loaded.found and not loaded.sealed:
        kept.pop(loaded.state.serial, None)
    return [name for name in loaded.journal if kept.get(_serial(name)) != name]
