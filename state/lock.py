"""One command at a time on a state: `flock`, freed by the kernel when its holder ends; the file names the holder."""

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
"""The name of the lock file in a state's directory."""


class Lock:
    """Holds the lock file of a state and the directory around it, from `acquire` to `release`.

    Older versions check only the file, which names its holder. The directory's lock keeps others out even when somebody
    has deleted the file. If directories cannot be locked (NFS), `held` notices the deletion.
    """

    def __init__(self, path: Path, command: str, runtime: Runtime = MACHINE, disk: Disk = DISK) -> None:
        self.path, self.command, self._runtime, self._disk = path, command, runtime, disk
        self._files: list[int] = []

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StateLocked: another live process holds it; the message names its user, machine, start and command.
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
        """Return whether the locked file is still at its path, where other commands look for it."""
        try:
            return self._disk.identity(self._files[0]) == self._disk.identity(self.path)
        except OSError:
            return False

    def number(self) -> int:
        """Return a number that no other lock has while this one is held."""
        return self._disk.identity(self._files[0])[1]

    def release(self) -> None:
        """Release the lock."""
        try:
            # only waiting commands read the content
            with suppress(OSError):
                self._disk.cut(self._files[0], 0)
        finally:
            self._close()

    def _take(self) -> bool:
        """Lock the file, then its directory; return whether the file is still at its path."""
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
            # this file system cannot lock directories
            return

    def _close(self) -> None:
        # close the file last, so that its next holder finds the directory free
        while self._files:
            self._disk.close(self._files.pop())


def patiently(
    acquire: Callable[[], None], report: Callable[[str], None] | None, pause: float, runtime: Runtime = MACHINE
) -> None:
    """Acquire a lock; wait as long as another command holds it.

    Args:
        report: called with the holder, at once and whenever it changes; None: do not wait.
        pause: seconds between two attempts.

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
    """Return a phrase that names the holder of the lock at a path; empty without a holder. Writes nothing.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        file = disk.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    try:
        content = disk.read(file)[:4096]
        # try the lock only if a process has the holder's number: taking it, even briefly, could refuse another command
        if not content or _dead(content, runtime):
            return ""
        disk.lock(file)
    except BlockingIOError:
        return describe(content)
    finally:
        disk.close(file)
    return ""


def cut_off(path: Path, disk: Disk = DISK) -> tuple[str, float] | None:
    """Return the command that ended without releasing the lock, and its start in seconds since the epoch.

    None if the last holder released it. `holder` tells whether a command holds it now.
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
    """Return a holder's command and its start, from the lock's content; None if the content does not have both."""
    try:
        info = parsed(holder)
        command, since = info["command"], float(info["since"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return (command, since) if isinstance(command, str) else None


def _dead(holder: bytes, runtime: Runtime) -> bool:
    """Return whether the holder was a process of this machine that has ended."""
    try:
        info = parsed(holder)
        return bool(info["host"] == socket.gethostname() and not runtime.running(info["pid"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return False


def myself(command: str, runtime: Runtime = MACHINE) -> dict[str, Any]:
    """Return this process's details as the holder of a lock, for `describe` to read."""
    who = {"user": _user(), "host": socket.gethostname(), "pid": runtime.pid()}
    run = {"run": url} if (url := pipeline_run()) else {}
    return who | run | {"command": command, "since": runtime.time()}


def pipeline_run() -> str:
    """Return the address of this pipeline run's log on GitHub or GitLab; empty outside of a pipeline."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        server, repository, number = (
            os.environ.get(f"GITHUB_{it}", "") for it in ("SERVER_URL", "REPOSITORY", "RUN_ID")
        )
        return f"{server}/{repository}/actions/runs/{number}"
    return os.environ.get("CI_JOB_URL", "")


def describe(holder: bytes) -> str:
    """Return a phrase about the holder, from the lock's content."""
    try:
        info = parsed(holder)
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(info["since"]))
        who = f"{info['user']} on {info['host']}, process {info['pid']}"
        who += f", {info['run']}" if info.get("run") else ""
        text = f"`provision {info['command']}` by {who}, since {since}"
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return "an unknown holder"
    # a foreign lock's content must not control the terminal
    return "".join(character if character.isprintable() else "?" for character in text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # in a container a user may have a number but no name
        return str(os.getuid())
