"""Run `init` for the user's own application: look at the directory, and write stack.toml and lines of .gitignore."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import migration
from provisioner.config import paths, stack_file
from provisioner.docker.context import IGNORE
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.directory import first_file, traces

if TYPE_CHECKING:
    from provisioner.migration.directory.first_file import Answers
    from provisioner.migration.directory.traces import Traces

IGNORED = f"{paths.STATE}/"
"""The line of .gitignore: state, embedded cloud and its log are never in a repository."""

Ask = Callable[["Traces", "Answers"], "Answers"]
"""Returns the user's answers, given the answers that the traces suggest."""


@dataclass(frozen=True)
class Begun:
    """A first stack.toml that was written.

    Attributes:
        path: the path of the file.
        traces: the traces of the application that it was made from.
        answers: the answers that it was made with.
        lines: the number of its lines.
        ignoring: the .gitignore and .dockerignore that got lines; without those that have them, or cannot be written.
    """

    path: Path
    traces: Traces
    answers: Answers
    lines: int
    ignoring: Sequence[Path]


def begin(path: Path, ask: Ask, *, env: str | None, region: str | None, anew: bool) -> Begun:
    """Write a first stack.toml for the application in its directory.

    Args:
        ask: returns the user's answers, given the suggested ones.
        env: the environment of the file; None for `dev`.
        region: its Region; None for the shell's or the default.
        anew: whether the Dockerfile counts even if another tool's files describe the application.

    Raises:
        ConfigurationError: the file exists already or cannot be written, or another tool's files describe the
            application; or there is no Dockerfile, and only that was to be read.
    """
    migration.check_free(path)
    found = traces.look(path.parent)
    if not anew:
        _check_described(found)
    elif not found.builds:
        raise ConfigurationError(f"--from dockerfile: there is no Dockerfile in {path.parent.resolve()}: write one")
    own = env or "dev"
    answers = ask(found, first_file.usual(found, own))
    text = first_file.written(found, answers, own, region)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}: choose another directory with --config FILE"
        ) from None
    try:
        stack_file.load(path)
    except ConfigurationError:
        # such as a name that is too long: the next `init` has to find the place free
        path.unlink()
        raise
    return Begun(path, found, answers, len(text.splitlines()), [*_ignoring(path, found)])


def _ignoring(path: Path, found: Traces) -> Iterator[Path]:
    """Keep the state out of the repository and, if the image is built from its directory, out of the image.

    The configuration is kept out of the image as well, which would be built again with each change of it.
    """
    if git := ignore(path.parent / ".gitignore", [IGNORED]):
        yield git
    whole = any(build.directory == "." for build in found.builds)
    if whole and (docker := ignore(path.parent / IGNORE, [IGNORED, path.name], [".git/"])):
        yield docker


def _check_described(found: Traces) -> None:
    for tool, file in found.described.items():
        other = "from dockerfile" if found.builds else "sample"
        raise ConfigurationError(
            f"{file} describes this application: translate it with `provision init --from {tool}`. To begin without "
            f"it: `provision init --{other}`"
        )


def ignore(path: Path, lines: Sequence[str], first: Sequence[str] = ()) -> Path | None:
    """Add lines to a .gitignore or .dockerignore; return its path, None if it has them already or cannot be written.

    Args:
        first: further lines of a new file.
    """
    try:
        there = path.read_text(encoding="utf-8") if path.exists() else None
        known = {line.strip().strip("/").removeprefix("**/") for line in (there or "").splitlines()}
        missing = [line for line in (*(first if there is None else ()), *lines) if line.strip("/") not in known]
        if not missing:
            return None
        gap = "\n" if there and not there.endswith("\n") else ""
        with path.open("a", encoding="utf-8") as file:
            file.write(gap + "".join(f"{line}\n" for line in missing))
    except (OSError, UnicodeDecodeError):
        return None
    return path
