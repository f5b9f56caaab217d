"""Runs the program as `provision` does, on a bad day: `die N before|torn|after -- …` or `limit BYTES -- …`.

`die` counts what is done to the state's files (each write to the journal, each fsync, each replacement of a file) and
ends the process with SIGKILL around the n-th. `limit` lets no file grow beyond a size, as on a full disk.
"""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner.cli import main


def die(at: int, when: str) -> None:
    """Die around the `at`-th step of the state, counted from 1."""
    opened: set[int] = set()
    numbers = itertools.count(1)
    open_file, write, fsync, replace = os.open, os.write, os.fsync, os.replace

    def step(act: Callable[[], Any], half: Callable[[], Any] = lambda: None) -> Any:
        due = next(numbers) == at
        if due and when == "torn":
            half()
        if due and when != "after":
            os.kill(os.getpid(), signal.SIGKILL)
        result = act()
        if due:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def opening(path: Any, *rest: Any, **more: Any) -> int:
        file = open_file(path, *rest, **more)
        (opened.add if Path(os.fsdecode(path)).name.startswith("state.j") else opened.discard)(file)
        return file

    def writing(file: int, data: bytes) -> int:
        if file not in opened:
            return write(file, data)
        written: int = step(lambda: write(file, data), lambda: write(file, data[: len(data) // 2]))
        return written

    def syncing(file: int) -> None:
        step(lambda: fsync(file))

    def replacing(old: Any, new: Any, **more: Any) -> None:
        step(lambda: replace(old, new, **more))

    os.open, os.write, os.fsync, os.replace = opening, writing, syncing, replacing  # type: ignore[assignment]


def limit(size: int) -> None:
    """Let no file grow beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


if __name__ == "__main__":
    split = sys.argv.index("--")
    match sys.argv[1:split]:
        case ["die", at, when]:
            die(int(at), when)
        case ["limit", size]:
            limit(int(size))
        case unknown:
            sys.exit(f"how should it be disturbed? {unknown}")
    sys.exit(main(sys.argv[split + 1 :]))
