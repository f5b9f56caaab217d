"""The disk as the state uses it: the machine's disk in real runs, one in memory in the simulation."""

from __future__ import annotations

import fcntl
import io
import os
from pathlib import Path
from typing import Protocol

Identity = tuple[int, int]
"""A file's identity under any name: its device and its inode."""


class Disk(Protocol):
    """The disk calls of the state. They raise `OSError` as the functions of `os` do; a file is a descriptor number."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file or a directory; with `os.O_CREAT`, a missing file is made for its owner alone."""

    def close(self, file: int) -> None:
        """Close a file, which frees its lock."""

    def read(self, file: int) -> bytes:
        """Return the content of a file."""

    def write(self, file: int, content: bytes) -> int:
        """Write at the file's end, or after the last write; return how many bytes fitted on the disk."""

    def cut(self, file: int, size: int) -> None:
        """Cut the file to a size in bytes."""

    def sync(self, file: int) -> None:
        """Make the content of a file, or the names in a directory, durable."""

    def lock(self, file: int) -> None:
        """Take the exclusive lock of a file or a directory; raises `BlockingIOError` if another holds it."""

    def size(self, file: int) -> int:
        """Return the size of the file in bytes."""

    def identity(self, where: int | Path) -> Identity:
        """Return the identity of an open file, or of the file at a path."""

    def replace(self, old: Path, new: Path) -> None:
        """Rename a file; a file that has the new name is replaced."""

    def make(self, directory: Path) -> None:
        """Make a directory with access for its owner only, unless it exists."""


class MachineDisk:
    """The machine's disk."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file with `os.open`."""
        return os.open(path, flags, 0o600)

    def close(self, file: int) -> None:
        """Close a file with `os.close`."""
        os.close(file)

    def read(self, file: int) -> bytes:
        """Return the whole content, independent of earlier reads."""
        os.lseek(file, 0, os.SEEK_SET)
        with io.FileIO(file, closefd=False) as content:
            return content.readall()

    def write(self, file: int, content: bytes) -> int:
        """Write as many bytes as fit on the disk."""
        return os.write(file, content)

    def cut(self, file: int, size: int) -> None:
        """Cut a file with `os.ftruncate`."""
        os.ftruncate(file, size)

    def sync(self, file: int) -> None:
        """Wait until the disk holds the content."""
        os.fsync(file)

    def lock(self, file: int) -> None:
        """Take the lock by `flock`, which the kernel frees when the process dies."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def size(self, file: int) -> int:
        """Return a file's size in bytes."""
        return os.fstat(file).st_size

    def identity(self, where: int | Path) -> Identity:
        """Return the device and the inode of a file."""
        found = os.stat(where)  # noqa: PTH116 (a Path has no numbers of open files)
        return found.st_dev, found.st_ino

    def replace(self, old: Path, new: Path) -> None:
        """Rename a file with `rename`."""
        old.replace(new)

    def make(self, directory: Path) -> None:
        """Make a directory with access for its owner only, under any umask."""
        directory.mkdir(mode=0o700, exist_ok=True)


DISK: Disk = MachineDisk()
"""The machine's disk. It holds no data of its own, so that all callers can share it."""
