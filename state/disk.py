"""The disk as the state sees it: the machine's own in life, one in memory in the simulation."""

from __future__ import annotations

import fcntl
import io
import os
from pathlib import Path
from typing import Protocol

Identity = tuple[int, int]
"""A file's identity under any name: its device and its inode."""


class Disk(Protocol):
    """The calls that the state makes. They raise `OSError` as those of `os` do, and a file is a number as there."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file or a directory; with `os.O_CREAT`, a missing file is made for its owner alone."""

    def close(self, file: int) -> None:
        """Close it, which frees its lock."""

    def read(self, file: int) -> bytes:
        """Return the content of a file."""

    def write(self, file: int, content: bytes) -> int:
        """Write at the file's end, or where the last write ended; return how many bytes had room."""

    def cut(self, file: int, size: int) -> None:
        """Let the file end after so many bytes."""

    def sync(self, file: int) -> None:
        """Make the content of a file, or the names in a directory, durable."""

    def lock(self, file: int) -> None:
        """Take the exclusive lock of a file or a directory; raises `BlockingIOError` if another holds it."""

    def size(self, file: int) -> int:
        """Return how many bytes are in the file."""

    def identity(self, where: int | Path) -> Identity:
        """Return the identity of an open file, or of one at a path."""

    def replace(self, old: Path, new: Path) -> None:
        """Give a file another name, and replace any file of that name."""

    def make(self, directory: Path) -> None:
        """Make a directory for its owner alone, unless it is there."""


class MachineDisk:
    """The machine's disk."""

    def open(self, path: Path, flags: int) -> int:
        """Open it."""
        return os.open(path, flags, 0o600)

    def close(self, file: int) -> None:
        """Close it."""
        os.close(file)

    def read(self, file: int) -> bytes:
        """Return the whole content, wherever the last call has left off."""
        os.lseek(file, 0, os.SEEK_SET)
        with io.FileIO(file, closefd=False) as content:
            return content.readall()

    def write(self, file: int, content: bytes) -> int:
        """Write as much of it as there is room for."""
        return os.write(file, content)

    def cut(self, file: int, size: int) -> None:
        """Cut it off."""
        os.ftruncate(file, size)

    def sync(self, file: int) -> None:
        """Wait until the disk has it."""
        os.fsync(file)

    def lock(self, file: int) -> None:
        """Take the lock by `flock`, which the kernel frees when the process dies."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def size(self, file: int) -> int:
        """Return its size."""
        return os.fstat(file).st_size

    def identity(self, where: int | Path) -> Identity:
        """Return its device and inode."""
        found = os.stat(where)  # noqa: PTH116 (a Path has no numbers of open files)
        return found.st_dev, found.st_ino

    def replace(self, old: Path, new: Path) -> None:
        """Rename it."""
        old.replace(new)

    def make(self, directory: Path) -> None:
        """Make it, whatever the umask allows others."""
        directory.mkdir(mode=0o700, exist_ok=True)


DISK: Disk = MachineDisk()
"""It holds nothing, so that all can share it."""
