"""Where a stack's files lie: the configuration in this directory or above it, the state directory beside it."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG, STATE = "stack.toml", ".provision"


def configuration() -> Path:
    """Return the path of the nearest `stack.toml`: in the current directory, or else in one above it.

    Like git's search for a repository it ends at the home directory or where another file system begins, and takes
    nothing from above that belongs to another user. If there is none, the path in the current directory is returned.

    Raises:
        ConfigurationError: the one that was found above belongs to another user.
    """
    here, path = _current(), Path(CONFIG)
    # not Path.home, which raises where there is none
    device, home = _device(here), Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111
    for height, directory in enumerate((here, *here.parents)):
        if device is None or _device(directory) != device:
            break
        found = Path(*[".."] * height, CONFIG)
        # one that leads nowhere is told of, and not passed by
        if os.path.lexists(found):
            _check_owner(found, height)
            return found
        if directory == home:
            break
    return path


def _current() -> Path:
    """Return the current directory's whole path; one that was deleted has none."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()


def _device(directory: Path) -> int | None:
    """Return which file system a directory is on, or None if it cannot be looked at."""
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
