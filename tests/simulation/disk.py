"""A disk in memory that simulated processes share, and that loses undurable data at a crash.

    disk = Disk(f"{seed}/disk", Faults(full=0.01))
    store = LocalStore(Path("/state"), "stack", "up", "0", runtime=process, disk=disk.of(process))

Each call of a process is a place where it can be killed and where others get their turn. A killed process loses its
open files and locks, and the disk keeps everything that it wrote. `crash` is the end of the whole machine (kill all its
processes first, `Process.kill`): unsynced data then remain in part, in any form. `show`, `place`, `remove` and `names`
are for a person: durable at once.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulation.hub import Process

BLOCK = 32
"""Bytes that are written as a unit: much smaller than on a real disk, so that one entry is torn in many ways."""


@dataclass(frozen=True)
class Faults:
    """The rates of faults of calls, from 0 to 1; all are off by default.

    Attributes:
        full: there is no room from this write on, for some calls.
        short: a write takes only a part of the data.
        sync: a sync makes the file's new data not durable: a crash loses them, even after later syncs.
        names: a sync makes the names in a directory not durable yet.
        readonly: the whole disk cannot be written from this call on, for some calls.
        read: a file cannot be read.
        slow: the most seconds of a call; one call in twenty lasts up to thirty times as long.
    """

    full: float = 0.0
    short: float = 0.0
    sync: float = 0.0
    names: float = 0.0
    readonly: float = 0.0
    read: float = 0.0
    slow: float = 0.0


class _File:
    """A file: its visible content, and its durable content."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = bytearray()
        self.durable = b""
        # the kernel considers the content up to here as written, even if it is not
        self.clean = 0
        self.locked_by: int | None = None

    def written(self) -> None:
        """Make the content durable that was written since the last sync, successful or not."""
        known = self.durable[: self.clean].ljust(self.clean, b"\0")
        self.durable = known + bytes(self.seen[self.clean :])
        self.clean = len(self.seen)


class _Directory:
    """A directory: its visible names, and its durable names."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen: dict[str, _File | _Directory] = {}
        self.durable: dict[str, _File | _Directory] = {}
        self.pending: list[tuple[str, str, _File | _Directory | None]] = []
        self.locked_by: int | None = None

    def give(self, name: str, what: _File | _Directory | None, instead_of: str = "") -> None:
        """Give a file a name, in place of its former one; None: the name is removed."""
        change = (name, instead_of, what)
        self.pending.append(change)
        _rename(self.seen, change)

    def written(self) -> None:
        self.durable = dict(self.seen)
        self.pending.clear()


@dataclass
class _Open:
    what: Any
    flags: int
    position: int = 0


class Disk:
    """The disk of one machine.

    Args:
        seed: decides the faults, and the remains after a crash, in streams of their own.
        faults: the rates of faults; can be changed at any time.
    """

    def __init__(self, seed: str, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.calls = 0
        self.at_call: Callable[[], None] = lambda: None
        """Runs before each call of a process; `calls` has the call's number."""
        self.at_rename: Callable[[Process], None] = lambda _: None
        """Runs after a process has renamed a file, before the name is durable."""
        self.counts: dict[str, int] = {}
        """The number of times that each fault occurred."""
        self.root = _Directory(1)
        self._seed, self._random = seed, random.Random(f"{seed}/faults")
        self._latency = random.Random(f"{seed}/latency")
        self._open: dict[int, _Open] = {}
        self._numbers, self._files, self._crashes = 1, 2, 0
        self._full_until = self._readonly_until = 0

    def of(self, process: Process) -> View:
        """Return the disk as one process sees it."""
        return View(self, process)

    # -- a crash -----------------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Lose undurable data, wholly or in part. No process that uses the disk may be alive."""
        self._crashes += 1
        self._open.clear()
        self._lose(self.root, random.Random(f"{self._seed}/crash/{self._crashes}"))

    def _lose(self, directory: _Directory, chance: random.Random) -> None:
        how = chance.choice(["none", "all", "first", "some"])
        first = chance.randrange(len(directory.pending) + 1)
        for number, change in enumerate(directory.pending):
            if how == "all" or (how == "first" and number < first) or (how == "some" and chance.random() < 0.5):
                _rename(directory.durable, change)
        directory.seen, directory.locked_by = dict(directory.durable), None
        directory.pending.clear()
        for inner in directory.seen.values():
            # a random stream for each file: one more byte in one file changes nothing in the others
            own = random.Random(f"{self._seed}/crash/{self._crashes}/{inner.number}")
            if isinstance(inner, _Directory):
                self._lose(inner, own)
            else:
                inner.durable = torn(own, inner.durable, bytes(inner.seen))
                inner.seen, inner.clean, inner.locked_by = bytearray(inner.durable), len(inner.durable), None

    # -- a person ----------------------------------------------------------------------------------------------------

    def show(self, path: Path) -> bytes | None:
        """Return the content of a file; None if it does not exist."""
        try:
            found = self.at(path)
        except FileNotFoundError:
            return None
        return bytes(found.seen) if isinstance(found, _File) else None

    def place(self, path: Path, content: bytes) -> None:
        """Put a new file at a path, in place of any former one; the directories above it become durable as well."""
        new = self.new(_File)
        new.seen[:] = content
        new.written()
        self.directory(path).give(path.name, new)
        for above in path.parents:
            self.at(above).written()

    def remove(self, path: Path) -> None:
        """Remove a file, or a directory with its content; do nothing if it does not exist."""
        directory = self.directory(path)
        directory.give(path.name, None)
        directory.written()

    def names(self, path: Path) -> list[str]:
        """Return the names in a directory, in order."""
        try:
            return sorted(self.at(path).seen)
        except FileNotFoundError:
            return []

    # -- for views -----------------------------------------------------------------------------------------------------

    def at(self, path: Path) -> Any:
        """Return the file or directory at a path."""
        here: _File | _Directory = self.root
        for name in path.parts[1:]:
            if isinstance(here, _File):
                raise _error(NotADirectoryError, errno.ENOTDIR, path)
            if name not in here.seen:
                raise _error(FileNotFoundError, errno.ENOENT, path)
            here = here.seen[name]
        return here

    def directory(self, path: Path) -> _Directory:
        """Return the directory that contains a path."""
        found: _File | _Directory = self.at(path.parent)
        if isinstance(found, _File):
            raise _error(NotADirectoryError, errno.ENOTDIR, path)
        return found

    def new(self, sort: type[Any]) -> Any:
        """Return a new file or directory that has no name yet."""
        self._files += 1
        return sort(self._files)

    def opened(self, what: _File | _Directory, flags: int) -> int:
        """Return the number of a newly opened file; numbers are never reused."""
        self._numbers += 1
        self._open[self._numbers] = _Open(what, flags)
        return self._numbers

    def file(self, number: int) -> _Open:
        """Return an open file."""
        if number not in self._open:
            raise _error(OSError, errno.EBADF, None)
        return self._open[number]

    def closed(self, number: int) -> None:
        """Forget an open file, and free its lock."""
        what = self.file(number).what
        if what.locked_by == number:
            what.locked_by = None
        del self._open[number]

    def fails(self, rate: float, what: str) -> bool:
        """Draw whether a call fails, and count it."""
        if not rate or self._random.random() >= rate:
            return False
        self.counts[what] = self.counts.get(what, 0) + 1
        return True

    def drawn(self, most: int) -> int:
        """Return a number from 0 to the most."""
        return self._random.randint(0, most)

    def latency(self) -> float:
        """Return the seconds of a call."""
        if not self.faults.slow:
            return 0.0
        return self._latency.random() * self.faults.slow * (30 if self._latency.random() < 0.05 else 1)

    def writable(self, path: Path | None = None) -> None:
        """Raise if the disk cannot be written just now."""
        if self.fails(self.faults.readonly, "readonly"):
            self._readonly_until = self.calls + self.drawn(30)
        if self.calls < self._readonly_until and self.faults.readonly:
            raise _error(OSError, errno.EROFS, path)

    def room(self, path: Path | None = None) -> None:
        """Raise if there is no room just now."""
        if self.fails(self.faults.full, "full"):
            self._full_until = self.calls + self.drawn(30)
        if self.calls < self._full_until and self.faults.full:
            raise _error(OSError, errno.ENOSPC, path)


class View:
    """The disk of one process: a `provisioner.state.disk.Disk`."""

    def __init__(self, disk: Disk, process: Process) -> None:
        self._disk, self._process = disk, process
        self._mine: list[int] = []
        process.on_death.append(self._died)

    def _died(self) -> None:
        for file in self._mine:
            self._disk.closed(file)
        self._mine.clear()

    def _call(self) -> None:
        """Count a call: others get their turn, and the process may be killed or the machine crash."""
        disk, process = self._disk, self._process
        process.sleep(disk.latency())
        disk.calls += 1
        disk.at_call()
        process.point()

    def open(self, path: Path, flags: int) -> int:
        self._call()
        disk, writes = self._disk, flags & (os.O_WRONLY | os.O_RDWR)
        try:
            found = disk.at(path)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            directory = disk.directory(path)
            disk.writable(path)
            disk.room(path)
            found = disk.new(_File)
            directory.give(path.name, found)
        if writes:
            if isinstance(found, _Directory):
                raise _error(IsADirectoryError, errno.EISDIR, path)
            disk.writable(path)
        elif disk.fails(disk.faults.read, "read"):
            raise _error(OSError, errno.EIO, path)
        if flags & os.O_TRUNC:
            found.seen.clear()
            found.clean = 0
        number = disk.opened(found, flags)
        self._mine.append(number)
        return number

    def close(self, file: int) -> None:
        if not self._process.alive:
            return
        self._disk.closed(file)
        self._mine.remove(file)

    def read(self, file: int) -> bytes:
        self._call()
        if self._disk.fails(self._disk.faults.read, "read"):
            raise _error(OSError, errno.EIO, None)
        return bytes(self._disk.file(file).what.seen)

    def write(self, file: int, content: bytes) -> int:
        self._call()
        disk, opened = self._disk, self._disk.file(file)
        disk.writable()
        disk.room()
        if len(content) > 1 and disk.fails(disk.faults.short, "short"):
            content = content[: 1 + disk.drawn(len(content) - 2)]
        at = len(opened.what.seen) if opened.flags & os.O_APPEND else opened.position
        opened.what.seen[at : at + len(content)] = content
        opened.what.clean = min(opened.what.clean, at)
        opened.position = at + len(content)
        return len(content)

    def cut(self, file: int, size: int) -> None:
        self._call()
        self._disk.writable()
        what = self._disk.file(file).what
        del what.seen[size:]
        what.clean = min(what.clean, size)

    def sync(self, file: int) -> None:
        self._call()
        what, disk = self._disk.file(file).what, self._disk
        if isinstance(what, _Directory):
            failed = disk.fails(disk.faults.names, "names")
        elif failed := disk.fails(disk.faults.sync, "sync"):
            what.clean = len(what.seen)
        if failed:
            raise _error(OSError, errno.EIO, None)
        what.written()

    def lock(self, file: int) -> None:
        self._call()
        what = self._disk.file(file).what
        if what.locked_by not in (None, file):
            raise _error(BlockingIOError, errno.EWOULDBLOCK, None)
        what.locked_by = file

    def size(self, file: int) -> int:
        self._process.check()
        return len(self._disk.file(file).what.seen)

    def identity(self, where: int | Path) -> tuple[int, int]:
        # no turn for others: no program can close the gap between a check and the renaming after it
        self._process.check()
        return 1, self._disk.file(where).what.number if isinstance(where, int) else self._disk.at(where).number

    def replace(self, old: Path, new: Path) -> None:
        self._process.point()
        disk = self._disk
        assert old.parent == new.parent, "files stay in their directory"
        disk.writable(new)
        disk.room(new)
        disk.directory(new).give(new.name, disk.at(old), instead_of=old.name)
        disk.at_rename(self._process)
        self._call()

    def make(self, directory: Path) -> None:
        self._call()
        within = self._disk.directory(directory)
        if directory.name not in within.seen:
            self._disk.writable(directory)
            self._disk.room(directory)
            within.give(directory.name, self._disk.new(_Directory))


def torn(chance: random.Random, durable: bytes, seen: bytes) -> bytes:
    """Return a file's content after a crash: the durable part, and of the rest any part in any order."""
    how = chance.choice(["durable", "seen", "mixed", "mixed"])
    if how == "durable" or durable == seen:
        return durable
    if how == "seen":
        return seen
    same = next(
        (n for n, (a, b) in enumerate(zip(durable, seen, strict=False)) if a != b), min(len(durable), len(seen))
    )
    left = bytearray(durable[:same])
    size = chance.randint(min(len(durable), len(seen)), max(len(durable), len(seen)))
    filler = chance.choice([b"\0", b"\n", b"x", b'{"put":{}}\n'])
    while len(left) < size:
        end = min(size, (len(left) // BLOCK + 1) * BLOCK)
        source = seen if chance.random() < 0.5 else durable
        block = source[len(left) : end]
        left += block + (filler * BLOCK)[: end - len(left) - len(block)]
    return bytes(left)


def _rename(names: dict[str, _File | _Directory], change: tuple[str, str, _File | _Directory | None]) -> None:
    name, instead_of, what = change
    if what is None:
        names.pop(name, None)
        return
    if instead_of and names.get(instead_of) is what:
        del names[instead_of]
    names[name] = what


def _error(sort: type[OSError], number: int, path: Path | None) -> OSError:
    return sort(number, os.strerror(number), str(path) if path else None)
