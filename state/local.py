"""The state on this machine: a document and a journal in one folder, replaced atomically and fsynced."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from state.checks import parsed
from state.folder import make
from state.journal import Journal, header, replay
from state.lock import Lock, patiently
from state.migrate import migrate
from state.model import MEND, State, StateError
from state.runtime import MACHINE, Runtime
from state.store import Store, document

DOCUMENT, JOURNAL, LOCK = "state.json", "state.journal", "state.lock"
PAUSE = 0.2
"""Seconds between two tries for a lock that another command holds."""


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
            raw = parsed(path.read_bytes())
            current, changed = migrate(raw)
            state, outdated = State.from_dict(current), raw if changed else None
        journalled = replay(folder / JOURNAL, state)
    except ValueError as error:
        raise StateError(f"{path} is not JSON ({error}). Restore it from a backup, or move it away") from None
    except OSError as error:
        raise StateError(f"{error.filename or path} cannot be read: {error.strerror}") from None
    except StateError as error:
        raise type(error)(f"{path}: {error}") from None
    return state, journalled, outdated


class LocalStore(Store):
    """A state in a folder of this machine, locked by `flock`. Use it as a context manager.

    Args:
        folder: where the state lives; made (0700) when it is not there.
        stack: the stack's name, for a new state.
        command: what is being done, for whoever finds the lock held.
        writer: this tool's version, written into the document.
        tell: if another command is at work, wait for it, and say so with this; None: give up.
    """

    def __init__(
        self,
        folder: Path,
        stack: str,
        command: str,
        writer: str,
        tell: Callable[[str], None] | None = None,
        runtime: Runtime = MACHINE,
    ) -> None:
        super().__init__(stack, writer, runtime)
        self.folder, self._tell = folder, tell
        self._lock = Lock(folder / LOCK, command, runtime)
        self._journal: Journal | None = None

    def __enter__(self) -> Self:
        """Lock and load.

        Raises:
            StateLocked: another command is at work.
            StateError: the state cannot be read or written.
        """
        try:
            make(self.folder)
            patiently(self._lock.acquire, self._tell, PAUSE, self.runtime)
        except OSError as error:
            raise StateError(f"the state folder {self.folder} cannot be written: {error.strerror}. {MEND}") from None
        try:
            self.state, self._dirty, outdated = _load(self.folder, self._stack)
            if outdated is not None:
                self.keep(f"state.schema-{outdated['schema']}.json", json.dumps(outdated, indent=2).encode())
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

    def keep(self, name: str, content: bytes) -> str:
        """Durably write a file beside the state, and return where it is."""
        self._swap(name, content)
        return str(self.folder / name)

    def _append(self, entry: dict[str, Any]) -> None:
        self._open().append(entry)

    def _open(self) -> Journal:
        if self._journal is None:
            raise StateError("the state is not open")
        return self._journal

    def _fold(self) -> None:
        """Fold the journal into the document and start a new one, unless nothing changed since the last time."""
        if self._dirty or not (self.folder / DOCUMENT).exists():
            self.state.serial += 1
            self.state.writer = self._writer
            self._swap(DOCUMENT, document(self.state))
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
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise StateError(f"{path} cannot be written: {error.strerror}. {MEND}") from None
