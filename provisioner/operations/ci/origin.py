"""The forge and the repository of a project, from its clone: the remote `origin`, and files of the forges."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.ci.forges import GITLAB, Forge

_URL = re.compile(
    r"(?:\w+://(?:[^@/]+@)?|(?:[^@/:]+@)?)(?P<host>[\w.-]+)(?::\d+(?=/))?[:/]+(?P<path>[^?#]+?)(?:\.git)?/?"
)
"""A remote's address: https://HOST/PATH, ssh://USER@HOST:PORT/PATH or USER@HOST:PATH (git-fetch, GIT URLS)."""
_FILES = ((Forge.GITLAB, ".gitlab-ci.yml"), (Forge.GITHUB, ".github"))


@dataclass(frozen=True)
class Origin:
    """The forge, the repository on it and, for GitLab, the instance's URL; each is None if it is not known."""

    forge: Forge | None = None
    repository: str | None = None
    url: str | None = None


def origin(directory: Path) -> Origin:
    """Return the forge of a clone. Reads two files at the most, and runs no program.

    Args:
        directory: the project's directory, in a clone or at its top.
    """
    for place in (directory, *directory.parents):
        if (place / ".git").exists():
            return _of_remote(place) or Origin(_by_files(place))
    return Origin(_by_files(directory))


def named(
    directory: Path, forge: Forge | None, repository: str | None, url: str | None
) -> tuple[Forge, str, str, list[str]]:
    """Return forge, repository and GitLab's URL, as given or else as the clone tells, and the words that were guessed.

    Args:
        directory: the project's directory.

    Raises:
        ConfigurationError: forge or repository is neither given nor known from the clone.
    """
    found = origin(directory)
    if found.forge is not forge and forge is not None:
        # another forge than the clone's: what the clone says of the repository is of no use
        found = Origin(found.forge)
    which, where = forge or found.forge, repository or found.repository
    if which is None:
        raise ConfigurationError(
            "the forge is not known, as no remote `origin` in .git/config names it: add github or gitlab, as in "
            "`provision ci init github`"
        )
    if where is None:
        raise ConfigurationError(
            "the repository is not known, as no remote `origin` in .git/config names it: add --repository OWNER/NAME"
        )
    guessed = [*([] if forge else [str(which)]), *([] if repository else [f"--repository {where}"])]
    return which, where, url or found.url or GITLAB, guessed


def _of_remote(top: Path) -> Origin | None:
    """Return the forge of the remote `origin`; None without one, or on a host that is neither forge."""
    settings = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        settings.read_string((top / ".git" / "config").read_text(encoding="utf-8"))
        address = settings.get('remote "origin"', "url")
    except (OSError, UnicodeDecodeError, configparser.Error):
        return None
    if (found := _URL.fullmatch(address or "")) is None:
        return None
    host, path = found["host"].lower(), found["path"]
    if host == "github.com":
        return Origin(Forge.GITHUB, path)
    if "gitlab" in host or _by_files(top) is Forge.GITLAB:
        return Origin(Forge.GITLAB, path, f"https://{host}")
    return None


def _by_files(top: Path) -> Forge | None:
    return next((forge for forge, name in _FILES if (top / name).exists()), None)
