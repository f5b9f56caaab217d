"""The append-only journal beside the document: one line for each record put or dropped, durable before further work.

Its first line names the document that it continues, by lineage and serial. Each later line ends with a checksum. The
checksum separates a last line that a crash cut off, which was never acknowledged, from a line that was damaged later.
"""

from __future__ import annotations

import errno
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

from provisioner.state.checks import parsed
from provisioner.state.disk import DISK, Disk
from provisioner.state.model import RERUN, RESTORE, Record, State, StateError
from provisioner.state.runtime import MACHINE, Runtime

_CHECKED = re.compile(rb'(.+),"check":"([0-9a-f]{8})"}')


class Journal:
    """A writer that appends entries to a journal. Each append is fsynced before it returns; threads may share it.

    After an entry that could not be written, all later ones are refused, since they would build on it.

    Args:
        path: the journal's file, which exists.
        head: its first line, which is already written.
    """

    def __init__(self, path: Path, head: bytes, runtime: Runtime = MACHINE, disk: Disk = DISK) -> None:
        self._path, self._head, self._disk = path, head, disk
        self._file = disk.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        self._identity = disk.identity(self._file)
        self._mutex = runtime.lock()
        self._broken = ""

    def append(self, entry: dict[str, Any]) -> None:
        """Append an entry; raises `StateError` if it cannot be written, or if another file is now at the path."""
        line = checked(encoded(entry), self._head)
        with self._mutex:
            try:
                if not self._broken:
                    self._write(line)
            except OSError as error:
                self._broken = f"{self._path} cannot be written: {error.strerror}. {RERUN}"
            if self._broken:
                raise StateError(self._broken)

    def close(self) -> None:
        """Close the file."""
        self._disk.close(self._file)

    def _write(self, line: bytes) -> None:
        written = self._disk.write(self._file, line)
        if written < len(line):
            self._disk.cut(self._file, self._disk.size(self._file) - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._disk.sync(self._file)
        if self._disk.identity(self._path) != self._identity:
            raise OSError(errno.ESTALE, "another file was put in its place")


def header(serial: int, lineage: str, document: str = "") -> bytes:
    """Return the first line of a journal that continues the document with this serial, lineage and checksum."""
    return encoded({"base": serial, "lineage": lineage, "document": document})


def replay(path: Path, state: State, document: str = "", disk: Disk = DISK) -> bool:
    """Apply the journal's complete lines to the state; return whether there were any.

    A last line that was cut off is dropped: nothing acted on it. A journal with an older serial as its base is already
    part of the document.

    Raises:
        StateError: a line is damaged, or continues another document than the state's.
    """
    try:
        file = disk.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        head, *lines = disk.read(file).split(b"\n")
    finally:
        disk.close(file)
    if not lines:
        return False
    first = _entry(path, 1, head)
    base, lineage = first.get("base"), first.get("lineage", state.lineage)
    if lineage == state.lineage and isinstance(base, int) and base < state.serial:
        return False
    whole = _whole(path, head + b"\n", lines) if "lineage" in first else lines[:-1]
    # serials can repeat after somebody put an older document back
    other = document and first.get("document") not in (None, "", document)
    if whole and (other or (lineage, base) != (state.lineage, state.serial)):
        raise StateError(_astray(path, base, state, same=lineage == state.lineage))
    for number, line in enumerate(whole, start=2):
        apply(_entry(path, number, line), state)
    return bool(whole)


def encoded(entry: dict[str, Any]) -> bytes:
    """Return an entry as one line."""
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def checked(line: bytes, head: bytes) -> bytes:
    """Return an entry's line with its checksum, which is valid only in the journal with this first line."""
    return b'%b,"check":"%08x"}\n' % (line[:-2], _checksum(line[:-2], head))


def apply(entry: dict[str, Any], state: State) -> None:
    """Apply an entry to the state.

    Raises:
        StateError: its record cannot be read.
    """
    if "put" in entry:
        record = Record.from_dict(entry["put"])
        state.records[record.address] = record
    elif "drop" in entry:
        state.records.pop(str(entry["drop"]), None)
    else:
        raise StateError(f"a journal entry neither puts nor drops a record. {RESTORE}")


def _checksum(content: bytes, head: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(head))


def _whole(path: Path, head: bytes, lines: list[bytes]) -> list[bytes]:
    """Return the lines up to the last complete one; raises `StateError` if an earlier line is damaged."""
    found = [_CHECKED.fullmatch(line) for line in lines]
    whole = [match is not None and int(match[2], 16) == _checksum(match[1], head) for match in found]
    while whole and not whole[-1]:
        whole.pop()
    if not all(whole):
        raise _damaged(path, whole.index(False) + 2)
    return lines[: len(whole)]


def _astray(path: Path, base: Any, state: State, *, same: bool) -> str:
    """Return why a journal does not belong to the document, and the advice to fix it."""
    if not state.serial:
        why = f"it is missing, but {path.name} has changes made after it. Restore it"
    elif same and base == state.serial:
        why = f"{path.name} belongs to another document of the same serial. Restore that one"
    elif same:
        why = (
            f"it is older (serial {state.serial}) than the document of {path.name} (serial {str(base)[:20]}). "
            f"Restore the newer one"
        )
    else:
        why = f"{path.name} belongs to another document, of another lineage. Restore that one"
    return f"{why}, or run `provision recover`, which moves the journal aside and rebuilds the state from the account"


def _damaged(path: Path, number: int) -> StateError:
    return StateError(
        f"{path}:{number} is not a journal entry. Run `provision recover`, which moves the journal aside and rebuilds "
        f"the state from the account"
    )


def _entry(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        entry = parsed(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise _damaged(path, number)
    return entry
