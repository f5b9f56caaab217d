"""What `init --from` translates: Copilot's manifests, Docker Compose's files, and what AWS answered about a cluster.

Here files are read, and no more; what is asked of an account is handed over.

What has no counterpart in `stack.toml` is never guessed: it is told by file, line and key, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner.config import models, paths
from provisioner.engine.errors import ConfigurationError
from provisioner.migration import compose
from provisioner.migration.copilot import workspace
from provisioner.migration.draft import Draft, text


@dataclass(frozen=True)
class Converted:
    """A `stack.toml` that was written.

    Attributes:
        path: where it is.
        draft: what it was written from, with what was not carried over.
        problems: what is still wrong with it, a line each.
    """

    path: Path
    draft: Draft
    problems: tuple[str, ...]


def place_for(directory: Path, path: Path | None) -> Path:
    """Return where to write what is read of the files in a directory.

    Args:
        path: the file to write; None: stack.toml beside what is read, since directories of images are relative to it.

    Raises:
        ConfigurationError: the file is there already, or would not be beside what is read.
    """
    path = path or directory / paths.CONFIG
    check_free(path)
    if path.parent.resolve() != directory.resolve():
        raise ConfigurationError(
            f"{path}: is not beside what is read, and directories of images are relative to it: write it to {directory}"
        )
    return path


def check_free(path: Path) -> None:
    """Refuse to write over a file.

    Raises:
        ConfigurationError: it is there already.
    """
    if path.exists():
        raise ConfigurationError(f"{path} already exists: move it, or choose another with --config FILE")


def draft_of(source: str, place: Path, env: str | None) -> Draft:
    """Return what another tool's files say.

    Args:
        source: `copilot` or `compose`.
        place: the directory of the files, or for Compose also the file itself.
        env: the file's own environment; None: as the files have it.

    Raises:
        ConfigurationError: there is nothing to read.
    """
    return workspace.draft(place, env) if source == "copilot" else compose.draft(place, env)


def write(draft: Draft, path: Path) -> Converted:
    """Write a draft as a `stack.toml`, and check that.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text(draft))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}: choose another directory") from None
    try:
        models.load(path)
    except ConfigurationError as error:
        return Converted(path, draft, tuple(str(error).splitlines()))
    return Converted(path, draft, ())
