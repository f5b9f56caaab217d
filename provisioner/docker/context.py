"""Finds what a build takes from a directory: the Dockerfile, and the patterns of files that are left out."""

from __future__ import annotations

import os
from pathlib import Path

DOCKERFILE = "Dockerfile"
"""What builds an image where nothing else is said: a file of the context."""
IGNORE = ".dockerignore"


def located(directory: Path, dockerfile: str) -> Path:
    """Return where a Dockerfile is. Its path begins at the context, and may lead out of it (Compose Build Spec)."""
    return Path(os.path.normpath(directory / dockerfile))


def within(directory: Path, dockerfile: str) -> str:
    """Return the shortest path from the context to a Dockerfile."""
    return os.path.relpath(located(directory, dockerfile), directory)


def ignored(directory: Path, dockerfile: str) -> list[str]:
    """Return the patterns of what a build does not see.

    As with BuildKit, the ignore file that is named after the Dockerfile and lies beside it takes the place of the
    context's own (docs.docker.com, Build context, .dockerignore files).
    """
    path = located(directory, dockerfile)
    for file in (path.with_name(f"{path.name}{IGNORE}"), directory / IGNORE):
        if file.is_file():
            lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
            return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return []
