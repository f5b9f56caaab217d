"""Images with `build`: a tag from the content of the build context, and checks that the build is possible."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.config import places
from provisioner.config.paths import STATE
from provisioner.docker.context import DOCKERFILE, IGNORE, context_paths, located, within
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.config.container import Container
    from provisioner.config.facts import Facts
    from provisioner.config.models import Config
    from provisioner.config.workload import Architecture

NOT_CONTENT = {".git", ".hg", ".svn", ".jj", "__pycache__", STATE}
"""Directories that change without a change of the image: version control, Python's caches, the tool's own state."""

UNKNOWN = "unknown"
"""The tag of an image whose build directory does not exist."""


PLATFORMS: Mapping[Architecture, str] = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
"""Docker's name for each architecture."""


def platform_for(config: Config, container: str) -> str:
    """Return the platform that the image of a container needs, as Docker names it."""
    return PLATFORMS[config.architecture_of(container)]


def content_tag(
    directory: Path,
    arguments: Mapping[str, str] | None = None,
    dockerfile: str = DOCKERFILE,
    target: str | None = None,
    platform: str = PLATFORMS["x86_64"],
) -> str:
    """Return a tag that changes whenever the build context, the Dockerfile or a build argument changes.

    Files that the ignore file excludes do not count. The Dockerfile always counts, wherever it is.

    Args:
        dockerfile: the Dockerfile's path, relative to the directory.
        target: the stage of the Dockerfile that becomes the image, if it is not the last one.
        platform: the image's platform, as Docker names it.

    Returns:
        The first 16 hexadecimal digits of a SHA-256 over the names, executable bits and contents of all files, over
        the Dockerfile's path and content, and over the arguments, target and platform; or
        `UNKNOWN` if there is no such directory.
    """
    if not directory.is_dir():
        return UNKNOWN
    digest = hashlib.sha256()

    def add(*parts: bytes) -> None:
        # The length comes first, so that two different contexts never give the same bytes.
        for part in parts:
            digest.update(f"{len(part)}:".encode() + part)

    try:
        for name in sorted(_content(directory, dockerfile), key=lambda name: name.split("/")):
            path = directory / name
            content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            kind = "link" if path.is_symlink() else "program" if path.stat().st_mode & 0o100 else "file"
            add(os.fsencode(name), kind.encode(), content)
        if (path := located(directory, dockerfile)).is_file():
            add(os.fsencode(within(directory, dockerfile)), b"dockerfile", path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or directory} in the build context cannot be read: {error.strerror}. Make it readable, "
            f"or exclude it in {IGNORE}"
        ) from None
    for name, value in sorted((arguments or {}).items()):
        add(name.encode(), b"argument", value.encode())
    if target:
        add(target.encode(), b"target")
    if platform != PLATFORMS["x86_64"]:
        add(platform.encode(), b"platform")
    return digest.hexdigest()[:16]


def _content(directory: Path, dockerfile: str) -> Iterator[str]:
    """Yield the paths of the files and links that a build can copy into the image."""
    for name in context_paths(directory, dockerfile, NOT_CONTENT):
        # reading a pipe would never end
        if (path := directory / name).is_symlink() or path.is_file():
            yield name


def repository_of(config: Config, name: str) -> str:
    """Return the name of the ECR repository of a service, a job or a sidecar."""
    return f"{config.name}/{name}"


def image_of(config: Config, name: str, root: Path) -> tuple[str, str]:
    """Return the repository and the tag of a container's image, from the present content of its build directory.

    Args:
        root: the directory that the build contexts are relative to.
    """
    one = config.images[name]
    tag = content_tag(root / str(one.build), one.build_args, one.dockerfile, one.target, platform_for(config, name))
    return repository_of(config, name), tag


def check_contexts(config: Config, file: Path) -> None:
    """Refuse a wrong path in `build` or `dockerfile`, on both targets and before any call.

    Args:
        file: the path of `stack.toml`; build contexts are relative to its directory.

    Raises:
        ConfigurationError: the message has one line for each service.
    """
    wrong = [
        (f"{config.key(name)}.{why[0]}", why[1])
        for name, workload in config.images.items()
        if workload.build and (why := _unusable(workload, file.parent))
    ]
    if wrong:
        raise places.refused(file, wrong, config.env)


def _unusable(workload: Container, root: Path) -> tuple[str, str] | None:
    """Return the wrong key of a build, and the reason with the fix; None if the paths are right."""
    directory = root / str(workload.build)
    if not directory.is_dir():
        what = "is no directory" if directory.exists() else "does not exist"
        return "build", f"{directory} {what}: create it with a Dockerfile in it, or correct the path"
    if out := _leading_out(directory, root):
        return "build", f"{out}: move it there"
    if not (why := _misplaced(workload, root)):
        return None
    key, start = ("dockerfile", "build") if _named(workload) else ("build", "this file")
    return key, f"{why}: write the file, or correct the path, which is relative to {start}"


def check_builds(config: Config, facts: Facts, root: Path) -> dict[str, str]:
    """Explain for each service with `build` why its image is neither in ECR nor can be built; on AWS, refuse it.

    The embedded cloud needs no image: without a Docker engine its tasks do not run anyway.

    Args:
        root: the directory that the build contexts are relative to.

    Returns:
        A sentence for the user, by service whose image is not built.

    Raises:
        ConfigurationError: on AWS; the message has one line for each service.
    """
    skipped = {
        name: f"{config.key(name)}.{why}"
        for name, workload in config.images.items()
        if workload.build and name not in facts.pushed and (why := _why(workload, root, facts))
    }
    if skipped and not facts.local:
        raise ConfigurationError(
            "\n".join(
                f"{text}: fix that, or push the image yourself and set {config.key(name)}.image"
                for name, text in skipped.items()
            )
        )
    return {name: f"{text}: the image is not built" for name, text in skipped.items()}


def _why(workload: Container, root: Path, facts: Facts) -> str:
    """Return the key with its value, and the reason why no image can be built from it; empty if it can be built."""
    directory, build = root / str(workload.build), f'build is "{workload.build}"'
    if not directory.is_dir():
        return f"{build}, but there is no directory {directory}"
    if out := _leading_out(directory, root):
        return f"{build}, but {out}"
    if why := _misplaced(workload, root):
        return f'dockerfile is "{workload.dockerfile}", but {why}' if _named(workload) else f"{build}, but {why}"
    return "" if facts.engine else f"{build}, but {facts.no_engine or 'no Docker engine responds'}"


def _named(workload: Container) -> bool:
    return "dockerfile" in workload.model_fields_set


def _misplaced(workload: Container, root: Path) -> str:
    """Return the reason why the path of a Dockerfile is wrong; empty if it is right."""
    path = located(root / str(workload.build), workload.dockerfile)
    if path.is_dir():
        return f"{path} is a directory"
    if not path.is_file():
        return f"there is no file {path}" if _named(workload) else f"{path.parent} has no Dockerfile"
    return _leading_out(path, root)


def _leading_out(path: Path, root: Path) -> str:
    inside = path.resolve().is_relative_to(root.resolve())
    return "" if inside else f"{path} is a symbolic link to a path outside {root.resolve()}"
