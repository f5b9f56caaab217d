"""The context of a build in a directory: the Dockerfile, and the patterns of ignored files."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from itertools import accumulate
from pathlib import Path

from provisioner.docker import ignore_patterns

DOCKERFILE = "Dockerfile"
"""The default Dockerfile: a file of the context."""
IGNORE = ".dockerignore"


def located(directory: Path, dockerfile: str) -> Path:
    """Return the path of a Dockerfile. It is relative to the context, and may lead out of it (Compose Build Spec)."""
    return Path(os.path.normpath(directory / dockerfile))


def within(directory: Path, dockerfile: str) -> str:
    """Return the shortest path from the context to a Dockerfile."""
    return os.path.relpath(located(directory, dockerfile), directory)


def ignored(directory: Path, dockerfile: str) -> list[str]:
    """Return the patterns of the files that a build ignores.

    As with BuildKit, an ignore file named after the Dockerfile and beside it replaces the context's own
    (docs.docker.com, Build context, .dockerignore files).
    """
    path = located(directory, dockerfile)
    for file in (path.with_name(f"{path.name}{IGNORE}"), directory / IGNORE):
        if file.is_file():
            lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
            return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return []


def excluder(patterns: list[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a build ignores a path in the context.

    The last pattern counts that matches the path or a directory above it (moby/patternmatcher, MatchesOrParentMatches).
    docker's SDK leaves out whole directories instead, although an exception such as `!**/*.py` names files in them.
    """
    known = [pattern for pattern in map(ignore_patterns.read, patterns) if pattern.dirs]

    def excluded(path: str) -> bool:
        found, above = False, list(accumulate(path.split("/"), "{}/{}".format))
        for pattern in known:
            if found is pattern.exclusion and any(map(pattern.match, above)):
                found = not pattern.exclusion
        return found

    return excluded


def context_paths(directory: Path, dockerfile: str, skip: Collection[str] = ()) -> Iterator[str]:
    """Yield the paths, relative to the context, of files, links and directories that a build can copy.

    Args:
        skip: the names of directories that are not searched.
    """
    patterns = ignored(directory, dockerfile)
    excluded, exceptions = excluder(patterns), any(pattern.startswith("!") for pattern in patterns)
    for place, directories, files in os.walk(directory):
        here = os.path.relpath(place, directory)
        paths = {name: os.path.normpath(f"{here}/{name}") for name in [*files, *directories]}
        out = {name for name, path in paths.items() if excluded(path)}
        yield from (path for name, path in paths.items() if name not in out)
        left_out = {*skip, *(() if exceptions else out)}
        directories[:] = [name for name in directories if name not in left_out]
