"""One command at a time on a state: `flock`, which the kernel frees when its holder dies, with who and since inside."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from state.checks import parsed
from state.model import StateLocked
from state.runtime import MACHINE, Runtime


class Lock:
    """Holds the lock file of a state from `acquire` to `release`."""

    def __init__(self, path: Path, command: str, runtime: Runtime = MACHINE) -> None:
        self.path, self.command, self._runtime = path, command, runtime
        self._file = -1

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StateLocked: another live process holds it; the message says who, where, since when and doing what.
        """
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 4096)
            os.close(self._file)
            raise StateLocked(describe(holder)) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(myself(self.command, self._runtime)).encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def patiently(
    acquire: Callable[[], None], tell: Callable[[str], None] | None, pause: float, runtime: Runtime = MACHINE
) -> None:
    """Acquire a lock, however long another command holds it.

    Args:
        tell: is told whom one waits for, at once and whenever that changes; None: do not wait.
        pause: seconds between two tries.

    Raises:
        StateLocked: it is held, and there is nobody to tell.
    """
    told = ""
    while True:
        try:
            return acquire()
        except StateLocked as locked:
            if tell is None:
                raise
            if locked.holder != told:
                told = locked.holder
                tell(f"waiting for another command to end: {told}")
        runtime.sleep(pause)


def myself(command: str, runtime: Runtime = MACHINE) -> dict[str, Any]:
    """Return who holds a lock when this process does, as `describe` reads it."""
    who = {"user": _user(), "host": socket.gethostname(), "pid": runtime.pid()}
    return who | {"command": command, "since": runtime.time()}


def describe(holder: bytes) -> str:
    """Return one phrase about the holder, from what it wrote into the lock."""
    try:
        info = parsed(holder)
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(info["since"]))
        who = f"{info['user']} on {info['host']}, process {info['pid']}"
        said = f"`provision {info['command']}` by {who}, since {since}"
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return "its holder has not said who it is yet"
    # whoever can write the lock must not be able to write to the terminal
    return "".join(character if character.isprintable() else "?" for character in said)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # in a container a user may have a number only
        return str(os.getuid())
