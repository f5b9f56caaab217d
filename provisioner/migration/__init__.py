"""Translate for `init --from`: Copilot's manifests, Docker Compose's files, and AWS's answers about a cluster.

This file reads files only; AWS's answers come from the subpackage `account`.

Nothing is guessed: a key without a counterpart in `stack.toml` is reported by file, line and key, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner.config import builds, paths, stack_file
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.compose import file as compose
from provisioner.migration.copilot import workspace
from provisioner.migration.draft import Draft, text


@dataclass(frozen=True)
class Converted:
    """A `stack.toml` that was written.

    Attributes:
        path: the path of the file.
        draft: the draft behind the file, with the notes of keys that are not carried over.
        problems: the remaining errors in the file, a line each.
    """

    path: Path
    draft: Draft
    problems: tuple[str, ...]


def place_for(directory: Path, path: Path | None) -> Path:
    """Return the path of the new `stack.toml` for another tool's files in a directory.

    Args:
        path: the file to write; None for stack.toml in the directory, as build directories are relative to it.

    Raises:
        ConfigurationError: the file exists already, or would be in another directory.
    """
    path = path or directory / paths.CONFIG
    check_free(path)
    if path.parent.resolve() != directory.resolve():
        raise ConfigurationError(
            f"{path}: is not beside the files that are read, and directories of images are relative to it: write it "
            f"to {directory}"
        )
    return path


def check_free(path: Path) -> None:
    """Refuse to overwrite a file.

    Raises:
        ConfigurationError: the file exists already.
    """
    if path.exists():
        raise ConfigurationError(f"{path} already exists: move it, or choose another with --config FILE")


def draft_of(source: str, place: Path, env: str | None, project: str | None = None) -> Draft:
    """Return a draft from another tool's files.

    Args:
        source: `copilot` or `compose`.
        place: the directory of the files, or for Compose also the file itself.
        env: the own environment of the new file; None to take it from the files.
        project: the name of the project; None to take it from the files.

    Raises:
        ConfigurationError: there is nothing to read.
    """
    return workspace.draft(place, env, project) if source == "copilot" else compose.draft(place, env, project)


def write(draft: Draft, path: Path) -> Converted:
    """Write a draft as a `stack.toml`, and check the file, with the directories and Dockerfiles of its builds.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text(draft))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}: choose another directory") from None
    try:
        # `plan` refuses a build without its directory or Dockerfile: the verdict says so at once
        builds.check_contexts(stack_file.load(path), path)
    except ConfigurationError as error:
        return Converted(path, draft, tuple(str(error).splitlines()))
    return Converted(path, draft, ())
