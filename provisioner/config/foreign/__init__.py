"""Files of other tools that `init --from` reads: Copilot's manifests and Docker Compose's. It reads files, and no more.

What has no counterpart in `stack.toml` is never guessed: it is told by file, line and key, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner.config import models, paths
from provisioner.config.foreign import compose
from provisioner.config.foreign.copilot import workspace
from provisioner.config.foreign.draft import Draft, text
from provisioner.engine.errors import ConfigurationError


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


def convert(source: str, place: Path, path: Path | None, env: str | None) -> Converted:
    """Write a `stack.toml` of another tool's files.

    Args:
        source: `copilot` or `compose`.
        place: the directory of the files, or for Compose also the file itself.
        path: the file to write; None: stack.toml beside what is read, since directories of images are relative to it.
        env: the file's own environment; None: as the files have it.

    Raises:
        ConfigurationError: there is nothing to read, or the file is there already, or cannot be written.
    """
    directory = place if place.is_dir() else place.parent
    path = path or directory / paths.CONFIG
    if path.exists():
        raise ConfigurationError(f"{path} already exists: move it, or choose another with --config FILE")
    if path.parent.resolve() != directory.resolve():
        raise ConfigurationError(
            f"{path}: is not beside what is read, and directories of images are relative to it: write it to {directory}"
        )
    draft = workspace.draft(place, env) if source == "copilot" else compose.draft(place, env)
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
