"""The two wheels, built once, and an environment for each Python on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.wheels.environments import ROOT, VERSIONS, build, constraints, python


@dataclass(frozen=True)
class Wheels:
    """The wheels, their directory, and the versions of their dependencies."""

    tool: Path
    emulator: Path
    constraints: Path

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options with which pip finds the wheels and uses these versions."""
        return ("--find-links", str(self.tool.parent), "-c", str(self.constraints))


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """Build both wheels, from their source distributions alone."""
    into = tmp_path_factory.mktemp("dist")
    return Wheels(build(ROOT, into), build(ROOT / "emulator", into), constraints(ROOT / "requirements.lock", into))


@pytest.fixture(params=VERSIONS)
def program(request: pytest.FixtureRequest) -> str:
    """Return a Python of each supported version; missing versions are skipped, with their names."""
    found = python(request.param)
    if found is None:
        pytest.skip(f"this machine has no Python {request.param}")
    return found
