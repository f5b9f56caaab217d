"""Build the distributions, and make environments of this machine's Pythons to install them into."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
"""The Pythons that are supported."""
PLACES = (".pyenv/versions/{}*/bin", ".local/share/uv/python/cpython-{}*/bin")
"""The places of programs that install several Pythons, below the home directory."""
WORKS = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def python(version: str) -> str | None:
    """Return a Python of this version that can make environments, or None if this machine has none."""
    name = f"python{version}"
    found = [path for place in PLACES for path in Path.home().glob(f"{place.format(version)}/{name}")]
    for program in filter(None, [shutil.which(name), *map(str, found)]):
        said = subprocess.run([program, "-c", WORKS], capture_output=True, text=True, check=False)
        if said.stdout.strip() == version:
            return program
    return None


def build(project: Path, into: Path) -> Path:
    """Build the source distribution of a project, and from that alone its wheel; return the wheel."""
    hatch = [sys.executable, "-m", "hatchling", "build", "-d", str(into)]
    _run([*hatch, "-t", "sdist"], project)
    name = (re.search(r'^name = "(.*)"', (project / "pyproject.toml").read_text(), re.MULTILINE) or [""])[1]
    (archive,) = into.glob(f"{name.replace('-', '_')}-[0-9]*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    source = into / archive.name.removesuffix(".tar.gz")
    _run([*hatch, "-t", "wheel"], source)
    (wheel,) = into.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
    return wheel


def constraints(lock: Path, into: Path) -> Path:
    """Write the versions of a lock as constraints, so that pip installs the dependencies in these versions."""
    lines = re.findall(r"^[\w.\[\]-]+==[^\\\n]+", lock.read_text(encoding="utf-8"), re.MULTILINE)
    path = into / "constraints.txt"
    path.write_text("".join(re.sub(r"\[.*?\]", "", line).strip() + "\n" for line in lines))
    return path


@dataclass(frozen=True)
class Environment:
    """A virtual environment; programs run in an empty directory, isolated from this clone."""

    directory: Path

    @property
    def bin(self) -> Path:
        """The directory of its programs."""
        return self.directory / "bin"

    def install(self, *what: str) -> None:
        """Install distributions with its own pip."""
        _run([str(self.bin / "python"), "-m", "pip", "install", "--quiet", *what], self.directory)

    def installed(self) -> set[str]:
        """Return the names of its distributions."""
        listed = self.run("python", "-m", "pip", "list", "--format=freeze").stdout
        return {line.partition("==")[0] for line in listed.splitlines()}

    def run(self, program: str, *words: str, within: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in a directory, by default its own."""
        return subprocess.run(
            [str(self.bin / program), *words],
            cwd=within or self.directory,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def variables(self) -> Mapping[str, str]:
        """Return the variables of its programs: no Python path, no engine, no registry."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_", "COV"))}
        return kept | {"PROVISION_ENGINE": "0", "PROVISION_REGISTRIES": "0", "COLUMNS": "200"}


def environment(program: str, directory: Path) -> Environment:
    """Make an environment that contains only pip."""
    _run([program, "-m", "venv", str(directory)], directory.parent)
    return Environment(directory)


def _run(command: list[str], within: Path) -> None:
    done = subprocess.run(command, cwd=within, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
