"""The directories of the state: create them for their owner alone, and refuse ones in which others can write."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from provisioner.state.disk import DISK, Disk
from provisioner.state.model import StateError


def make(directory: Path, disk: Disk = DISK) -> None:
    """Make a directory and its missing parents, each with access for its owner only, under any umask.

    Raises:
        OSError: a directory cannot be made.
    """
    missing = []
    for place in (directory, *directory.parents):
        if there(place, disk):
            break
        missing.append(place)
    for place in reversed(missing):
        disk.make(place)


def keep_there(directory: Path, disk: Disk = DISK) -> None:
    """Make a directory's name and its parents' names durable, since a lost name would lose the state's records.

    Raises:
        OSError: a directory cannot be made durable.
    """
    for place in directory.parents:
        # some directories can be passed through but not opened; `make` has not created them
        with suppress(PermissionError):
            sync(place, disk)


def there(path: Path, disk: Disk = DISK) -> bool:
    """Return whether a path exists."""
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
    """Refuse directories in which another user could replace our files.

    The user's own group may write: with a umask of 002 it has no other members.

    Raises:
        StateError: a directory is a symbolic link, another user's, or writable by others.
    """
    for directory in directories:
        try:
            found = directory.lstat()
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise StateError(
                f"the state directory {directory} cannot be read: {error}: check its permissions"
            ) from None
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
