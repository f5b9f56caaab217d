"""One command at a time on a state: `flock`, which the kernel frees when its holder dies, with who and since inside."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import time
from pathlib import Path

from state.model import StateLocked


class Lock:
    """Holds the lock file of a state from `acquire` to `release`."""

    def __init__(self, path: Path, command: str) -> None:
        self.path, self.command = path, command
        self._file = -1

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StateLocked: another live process holds it; the message says who, where, since when and doing what.
        """
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 4096).decode(errors="replace")
            os.close(self._file)
            raise StateLocked(f"another command is at work here: {describe(holder)}. Wait for it to end") from None
        info = {"user": getpass.getuser(), "host": socket.gethostname(), "pid": os.getpid()}
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(info | {"command": self.command, "since": time.time()}).encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def describe(holder: str) -> str:
    """Return one phrase about the holder, from what it wrote into the lock file."""
    try:
        info = json.loads(holder)
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(info["since"]))
        who = f"{info['user']} on {info['host']}, process {info['pid']}"
        return f"`provision {info['command']}` by {who}, since {since}"
    except (ValueError, KeyError, TypeError):
        return "its holder has not said who it is yet"
