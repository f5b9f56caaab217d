"""A disk in memory, for a state that ends with this process."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from provisioner.state.disk import Identity


@dataclass
class _File:
    """The content of a file, and the number that it keeps under any name."""

    number: int
    content: bytearray = field(default_factory=bytearray)


class MemoryDisk:
    """The calls of `provisioner.state.disk.Disk`, in memory. No other process uses it, so every lock is free."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._names: dict[Path, _File] = {Path("/"): _File(0)}
        self._open: dict[int, _File] = {}

    def open(self, path: Path, flags: int) -> int:
        """Open a file or a directory."""
        if flags & os.O_CREAT:
            self._names.setdefault(path, _File(next(self._numbers)))
        found, handle = self._at(path), next(self._numbers)
        if flags & os.O_TRUNC:
            found.content.clear()
        self._open[handle] = found
        return handle

    def close(self, file: int) -> None:
        """Close a file."""
        del self._open[file]

    def read(self, file: int) -> bytes:
        """Return the whole content of a file."""
        return bytes(self._open[file].content)

    def write(self, file: int, content: bytes) -> int:
        """Append to a file: the state writes in no other way."""
        self._open[file].content += content
        return len(content)

    def cut(self, file: int, size: int) -> None:
        """Cut a file to a size."""
        del self._open[file].content[size:]

    def sync(self, file: int) -> None:
        """Do nothing: the content need not outlive the process."""

    def lock(self, file: int) -> None:
        """Do nothing: no other process can lock the file."""

    def size(self, file: int) -> int:
        """Return the size of a file."""
        return len(self._open[file].content)

    def identity(self, where: int | Path) -> Identity:
        """Return the number of a file."""
        return 0, (self._open[where] if isinstance(where, int) else self._at(where)).number

    def replace(self, old: Path, new: Path) -> None:
        """Rename a file."""
        self._names[new] = self._names.pop(old)

    def make(self, directory: Path) -> None:
        """Make a directory."""
        self._names.setdefault(directory, _File(next(self._numbers)))

    def _at(self, path: Path) -> _File:
        if path not in self._names:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return self._names[path]
