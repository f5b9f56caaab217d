"""One command at a time on a state: `flock`, which the kernel frees when its holder dies, with who and since inside."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from provisioner.state.checks import parsed
from provisioner.state.disk import DISK, Disk
from provisioner.state.model import StateLocked
from provisioner.state.runtime import MACHINE, Runtime

LOCK_FILE = "state.lock"
"""The lock's file in the directory of a state."""


class Lock:
    """Holds the lock file of a state, and the directory that it is in, from `acquire` to `release`.

    Older versions look at the file, which says who holds it. The directory keeps others out even when somebody
    has deleted the file; if directories cannot be locked (NFS), `held` tells.
    """

    def __init__(self, path: Path, command: str, runtime: Runtime = MACHINE, disk: Disk = DISK) -> None:
        self.path, self.command, self._runtime, self._disk = path, command, runtime, disk
        self._files: list[int] = []

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StateLocked: another live process holds it; the message says who, where, since when and doing what.
            OSError: the file cannot be made or written.
        """
        try:
            while not self._take():
                self._close()
            self._disk.cut(self._files[0], 0)
            self._disk.write(self._files[0], json.dumps(myself(self.command, self._runtime)).encode())
        except BaseException:
            self._close()
            raise

    def held(self) -> bool:
        """Whether the lock is still where others look for it."""
        try:
            return self._disk.identity(self._files[0]) == self._disk.identity(self.path)
        except OSError:
            return False

    def number(self) -> int:
        """Return a number that no other lock has while this one is held."""
        return self._disk.identity(self._files[0])[1]

    def release(self) -> None:
        """Give the lock back."""
        try:
            # only commands that wait need the words
            with suppress(OSError):
                self._disk.cut(self._files[0], 0)
        finally:
            self._close()

    def _take(self) -> bool:
        """Lock the file, then its directory; return whether the file was not deleted meanwhile."""
        file = self._disk.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        self._files.append(file)
        try:
            self._disk.lock(file)
            self._lock_directory()
        except BlockingIOError:
            raise StateLocked(describe(self._disk.read(file)[:4096])) from None
        return self.held()

    def _lock_directory(self) -> None:
        try:
            directory = self._disk.open(self.path.parent, os.O_RDONLY)
            self._files.append(directory)
            self._disk.lock(directory)
        except BlockingIOError:
            raise
        except OSError:
            # a file system that locks files only
            return

    def _close(self) -> None:
        # the file last: its next holder finds the directory free
        while self._files:
            self._disk.close(self._files.pop())


def patiently(
    acquire: Callable[[], None], report: Callable[[str], None] | None, pause: float, runtime: Runtime = MACHINE
) -> None:
    """Acquire a lock, however long another command holds it.

    Args:
        report: called with the holder, at once and whenever that changes; None: do not wait.
        pause: seconds between two tries.

    Raises:
        StateLocked: it is held, and `report` is None.
    """
    reported = ""
    while True:
        try:
            return acquire()
        except StateLocked as locked:
            if report is None:
                raise
            if locked.holder != reported:
                reported = locked.holder
                report(f"waiting for the state lock, held by {reported}")
        runtime.sleep(pause)


def holder(path: Path, disk: Disk = DISK, runtime: Runtime = MACHINE) -> str:
    """Say in one phrase who holds the lock at a path; empty if nobody does. Nothing is written.

    Raises:
        OSError: it cannot be read.
    """
    try:
        file = disk.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    try:
        content = disk.read(file)[:4096]
        # a killed holder's lock is tried only if a process has its number: taking a lock might refuse another
        if not content or _dead(content, runtime):
            return ""
        disk.lock(file)
    except BlockingIOError:
        return describe(content)
    finally:
        disk.close(file)
    return ""


def cut_off(path: Path, disk: Disk = DISK) -> tuple[str, float] | None:
    """Return which command ended without giving the lock back, and when it had begun, in seconds since the epoch.

    None if none did since the lock was last taken. `holder` says whether somebody holds it now.
    """
    try:
        file = disk.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return named(disk.read(file)[:4096])
    finally:
        disk.close(file)


def named(holder: bytes) -> tuple[str, float] | None:
    """Return the command of a holder and since when it held the lock; None if its words do not say so."""
    try:
        info = parsed(holder)
        command, since = info["command"], float(info["since"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return (command, since) if isinstance(command, str) else None


def _dead(holder: bytes, runtime: Runtime) -> bool:
    """Whether the holder was a process of this machine that has ended."""
    try:
        info = parsed(holder)
        return bool(info["host"] == socket.gethostname() and not runtime.running(info["pid"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return False


def myself(command: str, runtime: Runtime = MACHINE) -> dict[str, Any]:
    """Return who holds a lock when this process does, as `describe` reads it."""
    who = {"user": _user(), "host": socket.gethostname(), "pid": runtime.pid()}
    run = {"run": url} if (url := pipeline_run()) else {}
    return who | run | {"command": command, "since": runtime.time()}


def pipeline_run() -> str:
    """Return where the log of this run of a pipeline is, on GitHub or GitLab; empty outside of one."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        server, repository, number = (
            os.environ.get(f"GITHUB_{it}", "") for it in ("SERVER_URL", "REPOSITORY", "RUN_ID")
        )
        return f"{server}/{repository}/actions/runs/{number}"
    return os.environ.get("CI_JOB_URL", "")


def describe(holder: bytes) -> str:
    """Return one phrase about the holder, from its words in the lock."""
    try:
        info = parsed(holder)
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(info["since"]))
        who = f"{info['user']} on {info['host']}, process {info['pid']}"
        who += f", {info['run']}" if info.get("run") else ""
        text = f"`provision {info['command']}` by {who}, since {since}"
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return "an unknown holder"
    # a writer of the lock must not be able to write to the terminal
    return "".join(character if character.isprintable() else "?" for character in text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # in a container a user may have a number only
        return str(os.getuid())
