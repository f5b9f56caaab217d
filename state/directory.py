"""The directories that the state lives in: made for their owner alone, and used only if nobody else can write there."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from provisioner.state.disk import DISK, Disk
from provisioner.state.model import StateError


def make(directory: Path, disk: Disk = DISK) -> None:
    """Make a directory and those above it that are missing, each for its owner alone, whatever the umask allows.

    Raises:
        OSError: it cannot be made.
    """
    missing = []
    for place in (directory, *directory.parents):
        if there(place, disk):
            break
        missing.append(place)
    for place in reversed(missing):
        disk.make(place)


def keep_there(directory: Path, disk: Disk = DISK) -> None:
    """Make a directory durable, with all above it: its records would be lost with its name.

    Raises:
        OSError: that failed.
    """
    for place in directory.parents:
        # some directories can be passed through but not opened: `make` has not made such a one
        with suppress(PermissionError):
            sync(place, disk)


def there(path: Path, disk: Disk = DISK) -> bool:
    """Whether a path exists."""
    try:
        disk.identity(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def sync(directory: Path, disk: Disk = DISK) -> None:
    """Make a directory's names durable; raises `OSError`."""
    file = disk.open(directory, os.O_RDONLY)
    try:
        disk.sync(file)
    finally:
        disk.close(file)


def trust(*directories: Path) -> None:
    """Refuse directories in which somebody else could put files in the place of ours.

    The user's own group may write, which with a umask of 002 has nobody else in it.

    Raises:
        StateError: one of them is a symbolic link, another user's, or writable by others.
    """
    for directory in directories:
        try:
            found = directory.lstat()
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise StateError(f"the state directory {directory} cannot be read: {error}") from None
        if stat.S_ISLNK(found.st_mode):
            raise StateError(
                f"the state directory {directory} is a symbolic link, which could lead anywhere: use its target with "
                f"--state-dir"
            )
        if not stat.S_ISDIR(found.st_mode):
            raise StateError(f"{directory} is not a directory: choose another with --state-dir")
        if found.st_uid != os.geteuid():
            raise StateError(
                f"the state directory {directory} belongs to another user: choose another with --state-dir"
            )
        if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and found.st_gid != os.getegid()):
            raise StateError(
                f"other users can write to the state directory {directory}: run `chmod go-w {directory}`, "
                "then run again"
            )
