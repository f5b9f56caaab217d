"""What is known of images that are to be built: a tag from the folder's content, and whether it can be done."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
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


PLATFORM = "linux/amd64"
"""What images are built for."""
RUNTIME_PLATFORM = {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}
"""The same in ECS's words, for the task definitions."""


def content_tag(folder: Path, arguments: Mapping[str, str] | None = None) -> str:
    """Return a tag that changes whenever the content of the build context does, or one of the build's arguments.

    What `.dockerignore` names is no content.

    Returns:
        The first 16 hexadecimal digits of a SHA-256 over the names, executable bits and contents of all files, and
        over the arguments; or `UNKNOWN` if there is no such folder.
    """
    if not folder.is_dir():
        return UNKNOWN
    digest = hashlib.sha256()

    def add(*parts: bytes) -> None:
        # Lengths in front, so that no two contexts run together into the same bytes.
        for part in parts:
            digest.update(f"{len(part)}:".encode() + part)

    for path in sorted(_content(folder)):
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        kind = "link" if path.is_symlink() else "program" if path.stat().st_mode & 0o100 else "file"
        add(path.relative_to(folder).as_posix().encode(), kind.encode(), content)
    for name, value in sorted((arguments or {}).items()):
        add(name.encode(), b"argument", value.encode())
    return digest.hexdigest()[:16]


def _content(folder: Path) -> Iterator[Path]:
    """Yield the files that a build can see, the Dockerfile among them."""
    ignore = folder / ".dockerignore"
    if not ignore.is_file():
        yield from _files(folder)
        return
    from docker.utils.build import exclude_paths

    lines = ignore.read_text(errors="replace").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    included = exclude_paths(str(folder), patterns)
    yield from (path for path in _files(folder) if str(path.relative_to(folder)) in included)


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        for name in [*files, *(name for name in folders if (Path(place) / name).is_symlink())]:
            if (path := Path(place) / name).is_symlink() or path.is_file():  # a pipe would never end
                yield path
        folders[:] = [name for name in folders if name not in NOT_CONTENT]


def repository_of(config: Config, name: str) -> str:
    """Return the name of a service's repository."""
    return f"{config.name}/{name}"


def image_of(config: Config, name: str, root: Path) -> tuple[str, str]:
    """Return the repository and the tag of a service's image, for what is in its folder now.

    Args:
        root: the folder that the build contexts are relative to.
    """
    service = config.services[name]
    return repository_of(config, name), content_tag(root / str(service.build), service.build_args)


def check_builds(config: Config, facts: Facts, root: Path) -> dict[str, str]:
    """Say of each service that has `build` and whose image is neither in ECR nor can be built why; on AWS an error.

    The embedded cloud does without the image: its tasks do not run where there is no engine.

    Args:
        root: the folder that the build contexts are relative to.

    Returns:
        A sentence for the user by service, for those whose image is left out.

    Raises:
        ConfigurationError: on AWS, with one line for each service.
    """
    skipped = {
        name: f'services.{name}.build is "{service.build}", {why}'
        for name, service in config.services.items()
        if service.build and name not in facts.pushed and (why := _why(root / service.build, root, facts))
    }
    if skipped and not facts.local:
        raise ConfigurationError(
            "\n".join(
                f"{text}: mend that, or push the image yourself and write services.{name}.image"
                for name, text in skipped.items()
            )
        )
    return {name: f"{text}: the image is recorded as wanted, and not built" for name, text in skipped.items()}


def _why(folder: Path, root: Path, facts: Facts) -> str:
    if not folder.is_dir():
        return f"but there is no folder {folder}"
    if not folder.resolve().is_relative_to(root.resolve()):
        return f"but {folder} is a link that leads out of {root.resolve()}"
    if not (folder / "Dockerfile").is_file():
        return f"but {folder} has no Dockerfile"
    return "" if facts.engine else f"but {facts.no_engine or 'no Docker engine answers here'}"
