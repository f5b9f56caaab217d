"""The own steps that the user trusts. They are recorded outside projects: none can declare itself trusted.

On a terminal the user trusts the files of a folder as they are. If one changes, by the user's own hand or by a branch
that was checked out, the next command asks again, and names it. In CI no user can be asked: there
`PROVISION_TRUST_STEPS` has the SHA-256 of the reviewed files, and only these run. It is a variable and not an option,
since every command of a job needs it. `--yes` does not answer this question: it is for questions about AWS.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.engine.errors import Cancelled, ConfigurationError
from provisioner.engine.words import names

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options

VARIABLE = "PROVISION_TRUST_STEPS"
MOST = 6
"""The most files that are named for one kind of change."""

Hashes = Mapping[str, str]
"""The SHA-256 of each file, by its path in the folder."""


def is_trusted(folder: Path, digest: str, files: Hashes) -> bool:
    """Return whether the user trusted these files on a terminal, or the variable has their SHA-256.

    Args:
        digest: the SHA-256 of all files together.

    Raises:
        ConfigurationError: the record of trusted folders cannot be read, or another user could have written it.
    """
    # earlier versions recorded the SHA-256 of all files
    return os.environ.get(VARIABLE) == digest or _folders().get(str(folder)) in (digest, dict(files))


def changes(folder: Path, files: Hashes) -> str:
    """Return the changes since the user trusted a folder, in words; empty if the user never did.

    Raises:
        ConfigurationError: the record of trusted folders cannot be read, or another user could have written it.
    """
    before = _folders().get(str(folder))
    if before is None:
        return ""
    if isinstance(before, str):
        return f"one or more of {names(sorted(files), MOST)}"
    groups = {
        "changed": sorted(name for name in files.keys() & before.keys() if files[name] != before[name]),
        "new": sorted(files.keys() - before.keys()),
        "gone": sorted(before.keys() - files.keys()),
    }
    return "; ".join(f"{word}: {names(found, MOST)}" for word, found in groups.items() if found)


def ask(options: Options, folder: Path, digest: str, files: Hashes, what: str) -> None:
    """Ask the user whether to trust the files of a folder, and record the answer if it is yes.

    Args:
        digest: the SHA-256 of all files together.
        what: the folder's contents in words.

    Raises:
        ConfigurationError: no user can answer, or the answer cannot be recorded.
        Cancelled: the user does not trust them.
    """
    changed = changes(folder, files)
    own = f"own steps that have changed since you trusted them ({changed})" if changed else f"own steps ({what})"
    told = f"{folder} has {own}. They run on this machine with your AWS credentials"
    if os.environ.get(VARIABLE):
        raise ConfigurationError(
            f"{told}, and {VARIABLE} has the SHA-256 of other files: read them, then set {VARIABLE}={digest}"
        )
    answer = options.ask(f"{told}. Trust these files?")
    if answer is None:
        raise ConfigurationError(
            f"{told}, and are not trusted yet: read them, then answer the question of a command on a terminal, or set "
            f"{VARIABLE}={digest}"
        )
    if not answer:
        raise Cancelled("cancelled: the own steps are not trusted, and nothing of them was run")
    _record(folder, digest, files)


def check_writers(path: Path) -> None:
    """Refuse a folder or file that another user could have written.

    A path that the user's own group may write to passes: with a umask of 002 that group has no other member.

    Raises:
        ConfigurationError: the path is a link, belongs to another user, or is writable by others.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise ConfigurationError(f"{path} is a symbolic link, which could lead anywhere: put the file itself there")
    if found.st_uid not in {os.geteuid(), 0}:
        raise ConfigurationError(
            f"{path} belongs to another user, so nothing of it is run: copy it to a file of your own"
        )
    if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and found.st_gid != os.getegid()):
        raise ConfigurationError(f"other users can write to {path}: run `chmod go-w {path}`, then run again")


def _file() -> Path:
    """Return the path of the record of trusted folders."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    # a relative path is invalid and must be ignored (XDG Base Directory Specification)
    base = Path(given) if given.startswith("/") else Path(os.path.expanduser("~/.config"))  # noqa: PTH111
    return base / "provision" / "trusted-steps.json"


def _folders() -> dict[str, str | dict[str, str]]:
    """Return the trusted folders, each with the SHA-256 of its files, or of all together, when the user answered."""
    file = _file()
    try:
        check_writers(file.parent)
        check_writers(file)
        found = json.loads(file.read_text(encoding="utf-8"))
        return {
            str(folder): {str(name): str(one) for name, one in files.items()} if isinstance(files, dict) else str(files)
            for folder, files in found.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"{file} cannot be read ({error}): delete it, and answer the question again") from None


def _record(folder: Path, digest: str, files: Hashes) -> None:
    file = _file()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_writers(file.parent)
        text = json.dumps({**_folders(), str(folder): dict(files)}, indent=1)
        beside = file.with_name(f"{file.name}.{os.getpid()}")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as new:  # noqa: PTH123
            new.write(text)
        beside.replace(file)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written: {error.strerror}: fix that, or set {VARIABLE}={digest}"
        ) from None
