"""The state on this machine: a document and a journal in one folder, replaced atomically and fsynced."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from state.journal import Journal, header, replay
from state.lock import Lock
from state.migrate import migrate
from state.model import MEND, Record, Run, State, StateError, now

DOCUMENT, JOURNAL, LOCK = "state.json", "state.journal", "state.lock"


def read(folder: Path, stack: str) -> State:
    """Return the state in the folder without locking or changing anything; an empty one if there is none.

    Raises:
        StateError: it is unreadable, torn or newer than this version.
    """
    return _load(folder, stack)[0]


def _load(folder: Path, stack: str) -> tuple[State, bool, dict[str, Any] | None]:
    """Return the state, whether the journal added to it, and the document as it was if it had to be migrated."""
    path = folder / DOCUMENT
    state, outdated = State(stack), None
    try:
        if path.exists():
            raw = json.loads(path.read_bytes())
            document, changed = migrate(raw)
            state, outdated = State.from_dict(document), raw if changed else None
        journalled = replay(folder / JOURNAL, state)
    except ValueError as error:
        raise StateError(f"{path} is not JSON ({error}). Restore it from a backup, or move it away") from None
    except OSError as error:
        raise StateError(f"{error.filename or path} cannot be read: {error.strerror}") from None
    except StateError as error:
        raise type(error)(f"{path}: {error}") from None
    return state, journalled, outdated


class LocalStore:
    """An open state: locked, loaded, its journal ready for appends. Use it as a context manager.

    Args:
        folder: where the state lives; made (0700) when it is not there.
        stack: the stack's name, for a new state.
        command: what is being done, for whoever finds the lock held.
        writer: this tool's version, written into the document.
    """

    def __init__(self, folder: Path, stack: str, command: str, writer: str) -> None:
        self.folder, self._stack, self._writer = folder, stack, writer
        self._lock = Lock(folder / LOCK, command)
        self.state = State(stack)
        self._journal: Journal | None = None
        self._dirty = False

    def __enter__(self) -> Self:
        """Lock and load.

        Raises:
            StateLocked: another command is at work.
            StateError: the state cannot be read or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire()
        except OSError as error:
            raise StateError(f"the state folder {self.folder} cannot be written: {error.strerror}. {MEND}") from None
        try:
            self.state, self._dirty, outdated = _load(self.folder, self._stack)
            if outdated is not None:
                self._swap(f"state.schema-{outdated['schema']}.json", json.dumps(outdated, indent=2).encode())
                self._dirty = True
            self._fold()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._fold()
        finally:
            self._close()
            self._lock.release()

    @property
    def records(self) -> dict[str, Record]:
        """The records by address; change them through `put` and `drop` only."""
        return self.state.records

    def put(self, record: Record) -> Record:
        """Make a record durable before returning; returns it with the time of the change."""
        record = replace(record, changed=now())
        self._open().put(record)
        self.state.records[record.address] = record
        self._dirty = True
        return record

    def drop(self, address: str) -> None:
        """Make it durable that the address is gone."""
        self._open().drop(address)
        self.state.records.pop(address, None)
        self._dirty = True

    def finish(self, run: Run) -> None:
        """Add a run to the history; it is written when the store closes."""
        self.state.history.append(run)
        self._dirty = True

    def guard(self, stack: str, account: str, region: str) -> None:
        """Bind a new state to account and region durably, or refuse a foreign one (see `State.guard`)."""
        before = (self.state.account, self.state.region)
        self.state.guard(stack, account, region)
        if before != (account, region):
            self._dirty = True
            self._fold()

    def _open(self) -> Journal:
        if self._journal is None:
            raise StateError("the state is not open")
        return self._journal

    def _fold(self) -> None:
        """Fold the journal into the document and start a new one, unless nothing changed since the last time."""
        if self._dirty or not (self.folder / DOCUMENT).exists():
            self.state.serial += 1
            self.state.writer = self._writer
            self._swap(DOCUMENT, json.dumps(self.state.to_dict(), indent=2).encode() + b"\n")
            self._dirty = False
        self._close()
        self._swap(JOURNAL, header(self.state.serial))
        self._journal = Journal(self.folder / JOURNAL)

    def _close(self) -> None:
        if self._journal:
            self._journal.close()
            self._journal = None

    def _swap(self, name: str, content: bytes) -> None:
        """Write a file beside the old one, make it durable, and put it in the old one's place."""
        path, draft = self.folder / name, self.folder / f"{name}.tmp"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise StateError(f"{path} cannot be written: {error.strerror}. {MEND}") from None
