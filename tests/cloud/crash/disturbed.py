"""The program on a bad day: `die SORT N before|torn|after`, `full SORT N`, `limit BYTES` or `wait SECONDS`.

`die` counts the steps on the state's files: each line that is written to the journal (`journal`) and made durable
(`sync`), and each fsync and replacement of a file while the journal is folded into the document (`fold`); it ends the
process with SIGKILL around the n-th. With `full` the disk has no more room from the n-th on; `limit` lets no file grow
beyond a size; `wait` lets every answer to a call take so long.
"""

from __future__ import annotations

import errno
import itertools
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botocore.httpsession import URLLib3Session

from provisioner.cli.main import main
from provisioner.state.local import JOURNAL

Act = Callable[[], Any]


def die(sort: str, at: int, when: str) -> None:
    """Die around the `at`-th step of a sort, counted from 1."""
    numbers = itertools.count(1)

    def meet(what: str, act: Act, half: Act) -> Any:
        if what != sort or next(numbers) != at:
            return act()
        result = half() if when == "torn" else act() if when == "after" else None
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    _watch(meet)


def full(sort: str, at: int) -> None:
    """Leave no room on the disk from the `at`-th step of a sort: that write is cut off, later ones are refused."""
    numbers = itertools.count(1)
    reached = 0

    def meet(what: str, act: Act, half: Act) -> Any:
        nonlocal reached
        reached = next(numbers) if what == sort else reached
        if reached < at:
            return act()
        if what == "journal" == sort and reached == at:
            return half()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _watch(meet)


def _watch(meet: Callable[[str, Act, Act], Any]) -> None:
    """Hand each step on the state's files to `meet`: its sort, a function that does it, and one for half of it."""
    opened: dict[int, str] = {}
    open_file, write, fsync, replace = os.open, os.write, os.fsync, os.replace

    def opening(path: Any, *rest: Any, **more: Any) -> int:
        file = open_file(path, *rest, **more)
        opened[file] = Path(os.fsdecode(path)).name
        return file

    def writing(file: int, data: bytes) -> int:
        if opened.get(file) != JOURNAL:
            return write(file, data)
        written: int = meet("journal", lambda: write(file, data), lambda: write(file, data[: len(data) // 2]))
        return written

    def syncing(file: int) -> None:
        meet("sync" if opened.get(file) == JOURNAL else "fold", lambda: fsync(file), lambda: None)

    def replacing(old: Any, new: Any, **more: Any) -> None:
        # half-way is a draft that is cut off
        meet("fold", lambda: replace(old, new, **more), lambda: os.truncate(old, Path(old).stat().st_size // 2))

    os.open, os.write, os.fsync, os.replace = opening, writing, syncing, replacing  # type: ignore[assignment]


def limit(size: int) -> None:
    """Let no file grow beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def wait(seconds: float) -> None:
    """Give up no call before so many seconds have passed without an answer."""
    begin = URLLib3Session.__init__

    def begin_patiently(self: URLLib3Session, **given: Any) -> None:
        begin(self, **given | {"timeout": seconds})

    URLLib3Session.__init__ = begin_patiently  # type: ignore[assignment,method-assign]


def run(how: Sequence[str], words: Sequence[str]) -> int:
    """Run the program with these words, disturbed or (with nothing said) not; returns its exit code."""
    match how:
        case ["die", sort, at, when]:
            die(sort, int(at), when)
        case ["full", sort, at]:
            full(sort, int(at))
        case ["limit", size]:
            limit(int(size))
        case ["wait", seconds]:
            wait(float(seconds))
        case [_, *_]:
            sys.exit(f"how should it be disturbed? {how}")
    return main(words)
