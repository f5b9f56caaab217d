"""The append-only journal beside the document: a whole record or a drop a line, durable before anything acts on it."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path
from typing import Any

from state.checks import parsed
from state.model import MEND, Record, State, StateError


class Journal:
    """Appends facts to an open journal. Each append is flushed and fsynced before it returns; threads may share it.

    One that could not be written is the last: what follows on it would have no ground to stand on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._mutex = threading.Lock()
        self._broken = ""

    def append(self, entry: dict[str, Any]) -> None:
        """Append an entry; raises `StateError` when it cannot be written."""
        line = encoded(entry)
        with self._mutex:
            try:
                if not self._broken:
                    self._write(line)
            except OSError as error:
                self._broken = f"{self._path} cannot be written: {error.strerror}. {MEND}"
            if self._broken:
                raise StateError(self._broken)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, line: bytes) -> None:
        written = os.write(self._file, line)
        if written < len(line):
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._file)


def header(serial: int) -> bytes:
    """Return the first line of a journal that continues the document of that serial."""
    return json.dumps({"base": serial}).encode() + b"\n"


def replay(path: Path, state: State) -> bool:
    """Apply the journal's whole lines to the state; return whether there were any.

    A torn last line is dropped: nothing acted on it. A journal whose base is an older serial was already folded in.

    Raises:
        StateError: a line before the last is not readable.
    """
    if not path.exists():
        return False
    lines = path.read_bytes().split(b"\n")[:-1]
    if not lines or _entry(path, 1, lines[0]).get("base") != state.serial:
        return False
    for number, line in enumerate(lines[1:], start=2):
        apply(_entry(path, number, line), state)
    return len(lines) > 1


def encoded(entry: dict[str, Any]) -> bytes:
    """Return an entry as one line."""
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def apply(entry: dict[str, Any], state: State) -> None:
    """Let an entry have its effect on the state.

    Raises:
        StateError: its record cannot be read.
    """
    if "put" in entry:
        record = Record.from_dict(entry["put"])
        state.records[record.address] = record
    elif "drop" in entry:
        state.records.pop(str(entry["drop"]), None)
    else:
        raise StateError("an entry of the journal says neither what was put nor what was dropped")


def _entry(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        entry = parsed(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise StateError(f"{path}:{number} is not a journal entry. Move the file away to fall back on the document")
    return entry
