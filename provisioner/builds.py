"""What is known of images that are to be built: a tag from the folder's content, and whether it can be done."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.config import Config
    from provisioner.facts import Facts

NOT_CONTENT = {".git", ".hg", ".svn", ".jj", "__pycache__"}
"""Folders that change while the image would stay the same: of version control, and Python's caches."""

UNKNOWN = "unknown"
"""The tag of an image whose folder is not there."""


def content_tag(folder: Path) -> str:
    """Return a tag that changes whenever the content of the build context does.

    Returns:
        The first 16 hexadecimal digits of a SHA-256 over the names, executable bits and contents of all files, or
        `UNKNOWN` if there is no such folder.
    """
    if not folder.is_dir():
        return UNKNOWN
    digest = hashlib.sha256()
    for path in sorted(_files(folder)):
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        kind = "link" if path.is_symlink() else "program" if path.stat().st_mode & 0o100 else "file"
        # Lengths in front, so that no two contexts run together into the same bytes.
        for part in (path.relative_to(folder).as_posix().encode(), kind.encode(), content):
            digest.update(f"{len(part)}:".encode() + part)
    return digest.hexdigest()[:16]


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        for name in [*files, *(name for name in folders if (Path(place) / name).is_symlink())]:
            yield Path(place) / name
        folders[:] = [name for name in folders if name not in NOT_CONTENT]


def check_builds(config: Config, facts: Facts, root: Path) -> dict[str, str]:
    """Say of each service that has `build` why its image is not built; on AWS that is an error.

    The embedded cloud runs no containers, so that an image that is not there does no harm to it.

    Args:
        root: the folder that the build contexts are relative to.

    Returns:
        A sentence for the user by service, for those that have `build`.

    Raises:
        ConfigurationError: on AWS, with one line for each service.
    """
    skipped = {
        name: f'services.{name}.build is "{service.build}", {_why(root / service.build, facts)}'
        for name, service in config.services.items()
        if service.build
    }
    if skipped and not facts.local:
        raise ConfigurationError(
            "\n".join(
                f"{text}: push the image yourself and write services.{name}.image" for name, text in skipped.items()
            )
        )
    return {name: f"{text}: the image is recorded as wanted, and not built" for name, text in skipped.items()}


def _why(folder: Path, facts: Facts) -> str:
    if not folder.is_dir():
        return f"but there is no folder {folder}"
    if not (folder / "Dockerfile").is_file():
        return f"but {folder} has no Dockerfile"
    if not facts.engine:
        return "but no Docker engine answers here"
    return (
        "but the embedded cloud has no registry to push to" if facts.local else "but this version does not build images"
    )
