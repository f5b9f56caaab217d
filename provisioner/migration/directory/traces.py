"""Look at a directory: its Dockerfiles, Procfile, package files, and other tools' descriptions of the application."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.config.database_engines import DEFAULT, EngineName
from provisioner.docker.context import DOCKERFILE
from provisioner.migration import names
from provisioner.migration.compose.file import FILES as COMPOSE
from provisioner.migration.directory import dockerfile
from provisioner.migration.directory.dockerfile import LARGEST, Image

HEALTH = ("/healthz", "/health", "/up", "/livez", "/ping", "/_health", "/status")
"""Paths that programs answer for health checks, the usual one first."""
SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".rb", ".php", ".java", ".kt", ".rs", ".ex")
"""The ends of file names whose text is searched for such a path."""
MOST_SOURCES = 200
"""The most files that are searched."""
SKIPPED = frozenset({"node_modules", "vendor", "tests", "test", "spec", "dist", "build", "target", "__pycache__"})
"""Directories that hold no source of the program itself."""
DEPENDENCIES = ("requirements.txt", "pyproject.toml", "Pipfile", "package.json", "Gemfile", "go.mod", "composer.json")
"""Files that name the packages of a program."""
MYSQL = re.compile(
    r"\b(mysqlclient|pymysql|aiomysql|asyncmy|mysql-connector|mysql2?|go-sql-driver/mysql)\b", re.IGNORECASE
)
POSTGRES = re.compile(r"\b(psycopg2?|asyncpg|pg8000|lib/pq|jackc/pgx|postgres)\b|[\"']pg[\"']", re.IGNORECASE)
GENERIC = frozenset({"app", "src", "code", "project", "web", "server", "backend", "service", "workspace", "repo"})
"""Names of directories that say nothing of the application in it."""


@dataclass(frozen=True)
class Build:
    """A directory with a Dockerfile, relative to the new stack.toml, and the settings of its image."""

    directory: str
    image: Image


@dataclass(frozen=True)
class Traces:
    """The traces of an application in a directory.

    Attributes:
        name: a name for the project.
        builds: the directories with a Dockerfile: this one, or else those directly below it.
        processes: the commands of the Procfile, by process type.
        health: the health path in a source, with the file's name.
        database: `mysql`, `postgres`, or empty.
        packages: the package files.
        described: the other tool that describes the application, `copilot` or `compose`, by the file found.
    """

    name: str
    builds: tuple[Build, ...] = ()
    processes: Mapping[str, str] = field(default_factory=dict)
    health: tuple[str, str] | None = None
    database: str = ""
    packages: tuple[str, ...] = ()
    described: Mapping[str, str] = field(default_factory=dict)

    @property
    def engine(self) -> EngineName:
        """Return the engine of the database that the packages use, or the usual one."""
        return "aurora-postgresql" if self.database == "postgres" else DEFAULT


def look(directory: Path) -> Traces:
    """Return the traces of an application in a directory. Files are read, and nothing is run."""
    texts = {name: text for name in DEPENDENCIES if (text := _text(directory / name))}
    builds = tuple(_builds(directory))
    found = {"mysql" if MYSQL.search(text) else "postgres" if POSTGRES.search(text) else "" for text in texts.values()}
    return Traces(
        _name(directory, texts),
        builds,
        dict(_processes(_text(directory / "Procfile"))),
        _health(directory) if builds else None,
        next((kind for kind in ("mysql", "postgres") if kind in found), ""),
        tuple(texts),
        dict(_described(directory)),
    )


def _builds(directory: Path) -> Iterator[Build]:
    """Yield the Dockerfile of the directory, or else the Dockerfiles of the directories directly in it."""
    if (directory / DOCKERFILE).is_file():
        yield Build(".", dockerfile.read(directory / DOCKERFILE))
        return
    for path in sorted(directory.glob(f"*/{DOCKERFILE}")):
        if path.is_file() and not path.parent.is_symlink() and not path.parent.name.startswith("."):
            yield Build(path.parent.name, dockerfile.read(path))


def _described(directory: Path) -> Iterator[tuple[str, str]]:
    """Yield other tools that describe the application, with the file or folder found."""
    if any(directory.glob("copilot/*/manifest.y*ml")):
        yield "copilot", "copilot/"
    if found := next((name for name in COMPOSE if (directory / name).is_file()), ""):
        yield "compose", found


def _processes(text: str) -> Iterator[tuple[str, str]]:
    """Yield the process types of a Procfile with their commands."""
    for line in text.splitlines():
        if found := re.fullmatch(r"([A-Za-z0-9_-]+):\s*(.+)", line.strip()):
            yield found[1], found[2]


def _name(directory: Path, texts: Mapping[str, str]) -> str:
    """Return a name for the project: the directory's, or a package's if the directory's says nothing."""
    own = directory.resolve().name
    if own.lower() not in GENERIC and re.search("[A-Za-z]", own):
        return names.project(own)
    given = [_npm(texts.get("package.json", "")), _python(texts.get("pyproject.toml", ""))]
    return names.project(next(filter(None, given), own))


def _npm(text: str) -> str:
    """Return the name in a package.json, without its scope."""
    try:
        found: Any = json.loads(text) if text else {}
    except ValueError:
        return ""
    name = found.get("name") if isinstance(found, dict) else None
    return name.rpartition("/")[2] if isinstance(name, str) else ""


def _python(text: str) -> str:
    """Return the project's name in a pyproject.toml."""
    try:
        found: Any = tomllib.loads(text).get("project")
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""
    name = found.get("name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""


def _health(directory: Path) -> tuple[str, str] | None:
    """Return the first usual health path that a source has in quotes, and the file's name; None if there is none."""
    found: dict[str, str] = {}
    for path in _sources(directory):
        text = _text(path)
        for one in HEALTH:
            if one not in found and re.search(rf"[\"'`]{re.escape(one)}/?[\"'`]", text):
                found[one] = path.relative_to(directory).as_posix()
    return next(((one, found[one]) for one in HEALTH if one in found), None)


def _sources(directory: Path) -> Iterator[Path]:
    """Yield sources of the program: in the directory, and two levels below it."""
    left = MOST_SOURCES
    for place, folders, files in os.walk(directory):
        depth = len(Path(place).relative_to(directory).parts)
        folders[:] = sorted(one for one in folders if depth < 2 and not one.startswith(".") and one not in SKIPPED)
        for name in sorted(one for one in files if one.endswith(SOURCES))[:left]:
            left -= 1
            yield Path(place, name)


def _text(path: Path) -> str:
    """Return the text of a file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("utf-8", errors="replace")
    except OSError:
        return ""
