"""The state on this machine: a document and a journal in one directory, replaced atomically and fsynced."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zlib import crc32

from provisioner.state.checks import parsed
from provisioner.state.directory import keep_there, make, sync, there
from provisioner.state.disk import DISK, Disk
from provisioner.state.document import table, written
from provisioner.state.journal import Journal, header, replay
from provisioner.state.lock import LOCK_FILE, Lock, patiently
from provisioner.state.migrate import kept, migrate
from provisioner.state.model import RERUN, State, StateError, StateUnavailable
from provisioner.state.runtime import MACHINE, Runtime
from provisioner.state.store import Store

DOCUMENT, JOURNAL, LOCK = "state.json", "state.journal", LOCK_FILE
REBUILD = "Run `provision recover`, which rebuilds it from the account, or restore it from a backup"
PAUSE = 0.2
"""Seconds between two attempts to take a lock that another command holds."""
READINGS = 10
"""The most times that a state is read again because it changed during the read."""


@dataclass(frozen=True)
class _Loaded:
    """A state and the facts about the files that it was read from.

    Attributes:
        journalled: whether the journal changed the document's content.
        outdated: the document in its old schema, if it had to be migrated.
        checksum: the document's checksum.
    """

    state: State
    journalled: bool
    outdated: dict[str, Any] | None
    checksum: str


def read(directory: Path, stack: str, disk: Disk = DISK) -> State:
    """Return the state in the directory without locking or changing anything; an empty state if there is none.

    Raises:
        StateError: it is unreadable, damaged or newer than this version, or changes all the time.
    """
    return _load(directory, stack, disk).state


def _load(directory: Path, stack: str, disk: Disk) -> _Loaded:
    path = directory / DOCUMENT
    try:
        for _ in range(READINGS):
            if loaded := _unchanged(path, stack, disk):
                return loaded
    except OSError as error:
        # an error of an open file has a descriptor in place of its name
        where = error.filename if isinstance(error.filename, str) else path
        kind = StateError if isinstance(error, IsADirectoryError) else StateUnavailable
        raise kind(f"{where} cannot be read: {error.strerror}") from None
    raise StateUnavailable(f"{path} keeps changing while it is read. Run the same command again")


def _unchanged(path: Path, stack: str, disk: Disk) -> _Loaded | None:
    """Read the document and its journal; None if another command replaced both during the read."""
    # keep the file open until the end, so that no other file can get its inode
    file = _opened(path, disk)
    try:
        problem = None
        try:
            loaded = _assembled(path, stack, file, disk)
        except StateError as error:
            problem = error
        now = disk.identity(path) if there(path, disk) else None
        if now != (None if file is None else disk.identity(file)):
            return None
        if problem:
            raise problem
        return loaded
    finally:
        if file is not None:
            disk.close(file)


def _opened(path: Path, disk: Disk) -> int | None:
    try:
        return disk.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _assembled(path: Path, stack: str, file: int | None, disk: Disk) -> _Loaded:
    state, outdated, checksum = State(stack), None, ""
    try:
        if file is not None:
            raw, checksum = _content(file, disk)
            current, changed = migrate(raw)
            state, outdated = State.from_dict(current), raw if changed else None
        journalled = replay(path.with_name(JOURNAL), state, checksum, disk)
    except ValueError as error:
        raise StateError(f"{path} is incomplete or not JSON ({error}). {REBUILD}") from None
    except StateError as error:
        raise type(error)(f"{path}: {error}") from None
    return _Loaded(state, journalled, outdated, checksum)


def _content(file: int, disk: Disk) -> tuple[Any, str]:
    """Return the document's content, and its checksum; raises `ValueError` if it is not JSON."""
    content = bytearray(disk.read(file))
    checksum = f"{crc32(content):08x}"
    # `parsed` reads the whole text again, and its error names the fault
    with suppress(ValueError):
        if found := table(content):
            return found, checksum
    return parsed(disk.read(file)), checksum


class LocalStore(Store):
    """A state in a directory of this machine, locked by `flock`. Use it as a context manager.

    Args:
        directory: the directory of the state; created with mode 0700 if it is missing.
        stack: the stack's name, for a new state.
        command: the command at work, shown to others that find the lock held.
        writer: this tool's version, written into the document.
        report: called with a message while waiting for another command; None: do not wait.
        disk: the disk that holds the directory.
    """

    def __init__(
        self,
        directory: Path,
        stack: str,
        command: str,
        writer: str,
        report: Callable[[str], None] | None = None,
        runtime: Runtime = MACHINE,
        disk: Disk = DISK,
    ) -> None:
        super().__init__(stack, writer, runtime)
        self.directory, self._report, self._disk = directory, report, disk
        self._lock = Lock(directory / LOCK, command, runtime, disk)
        self._journal: Journal | None = None
        self._broken, self._checksum = "the state is not open", ""

    def __enter__(self) -> Self:
        """Lock and load the state.

        Raises:
            StateLocked: another command is at work.
            StateError: the state cannot be read or written.
        """
        try:
            make(self.directory, self._disk)
            patiently(self._lock.acquire, self._report, PAUSE, self.runtime)
        except OSError as error:
            raise StateError(
                f"the state directory {self.directory} cannot be written: {error.strerror}. {RERUN}"
            ) from None
        try:
            self._settle()
            loaded = _load(self.directory, self._stack, self._disk)
            self.state, self._dirty, self._checksum = loaded.state, loaded.journalled, loaded.checksum
            if loaded.outdated is not None:
                self.keep(f"state.schema-{loaded.outdated['schema']}.json", kept(loaded.outdated))
                self._dirty = True
            self._fold()
        except BaseException:
            self._close()
            self._lock.release()
            raise
        self._opened = self.runtime.now()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._fold()
        finally:
            self._close()
            self._lock.release()

    def check_lock(self) -> None:
        """Check nothing: the lock of a live process cannot be taken."""

    def keep(self, name: str, content: bytes) -> str:
        """Durably write a file beside the state, and return where it is."""
        self._swap(name, [content])
        return str(self.directory / name)

    def _settle(self) -> None:
        """Make existing files durable: a document renamed just before a crash, and the directory of a new state."""
        try:
            # the old journal, which holds the same records, is about to be replaced
            sync(self.directory, self._disk)
            if not there(self.directory / DOCUMENT, self._disk):
                keep_there(self.directory, self._disk)
        except OSError as error:
            raise StateError(
                f"the state directory {self.directory} cannot be written: {error.strerror}. {RERUN}"
            ) from None

    def _append(self, entry: dict[str, Any]) -> None:
        if self._journal is None:
            raise StateError(self._broken)
        self._journal.append(entry)
        self._held()

    def _held(self) -> None:
        """Raise `StateError`, also at all later writes, if another command could hold the lock as well."""
        if not self._lock.held():
            raise StateError(
                f"{self.directory} or the lock in it was deleted or replaced during this command, so nothing more is "
                f"recorded there. Restore it if possible, then run the same command again; resources that are not "
                f"recorded are found by their tags and names"
            )

    def _fold(self) -> None:
        """Write the journal's records into the document and start a new journal; only the latter if nothing changed."""
        # after a failed fold, a reader might ignore later entries of the old journal
        self._close()
        try:
            if self._dirty or not there(self.directory / DOCUMENT, self._disk):
                self._dirty = True
                self.state.serial += 1
                self.state.writer = self._writer
                self._checksum = self._swap(DOCUMENT, written(self.state))
                self._dirty = False
            head = header(self.state.serial, self.state.lineage, self._checksum)
            self._swap(JOURNAL, [head])
            self._journal = Journal(self.directory / JOURNAL, head, self.runtime, self._disk)
            self._held()
        except OSError as error:
            self._broken = f"{self.directory / JOURNAL} cannot be written: {error.strerror}. {RERUN}"
            raise StateError(self._broken) from None
        except StateError as error:
            self._close()
            self._broken = str(error)
            raise

    def _close(self) -> None:
        if self._journal:
            self._journal.close()
            self._journal = None

    def _swap(self, name: str, content: Iterable[bytes]) -> str:
        """Write a new file beside the old one, make it durable, rename it over the old one; return its checksum."""
        checksum = 0
        self._held()
        # an own name: after the directory was deleted, another command may be at work at the same path
        path, draft = self.directory / name, self.directory / f"{name}.{self._lock.number()}.tmp"
        try:
            file = self._disk.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
            try:
                for piece in content:
                    self._write(file, piece)
                    checksum = crc32(piece, checksum)
                self._disk.sync(file)
            finally:
                self._disk.close(file)
            self._held()
            self._disk.replace(draft, path)
            sync(self.directory, self._disk)
        except OSError as error:
            raise StateError(f"{path} cannot be written: {error.strerror}. {RERUN}") from None
        return f"{checksum:08x}"

    def _write(self, file: int, content: bytes) -> None:
        while content:
            content = content[self._disk.write(file, content) :]
