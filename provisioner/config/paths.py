"""Paths of a stack's files: the configuration in this directory or above it, the state directory beside it."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG, STATE = "stack.toml", ".provision"


def configuration() -> Path:
    """Return the path of the nearest `stack.toml`: in the current directory, or else in a directory above it.

    Like git's search for a repository, it ends at the home directory or at the border of the file system, and refuses
    a file above that belongs to another user. If there is no file, it returns the path in the current directory.

    Raises:
        ConfigurationError: the file that was found above belongs to another user.
    """
    here, path = _current(), Path(CONFIG)
    # not Path.home, which raises where there is none
    device, home = _device(here), Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111
    for height, directory in enumerate((here, *here.parents)):
        if device is None or _device(directory) != device:
            break
        found = Path(*[".."] * height, CONFIG)
        # a broken symbolic link counts as found, so that the user sees an error
        if os.path.lexists(found):
            _check_owner(found, height)
            return found
        if directory == home:
            break
    return path


def _current() -> Path:
    """Return the absolute path of the current directory; an empty path if the directory was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()


def _device(directory: Path) -> int | None:
    """Return the device number of a directory's file system; None if the directory cannot be read."""
    try:
        return directory.stat().st_dev
    except OSError:
        return None


def _check_owner(found: Path, height: int) -> None:
    if height and found.lstat().st_uid != os.geteuid():
        from provisioner.engine.errors import ConfigurationError

        raise ConfigurationError(
            f"the nearest configuration is {found}, which belongs to another user: if you mean that one, add --config "
            f"{found}"
        )
