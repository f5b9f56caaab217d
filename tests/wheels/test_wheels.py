"""The users' packages: their files, their run in an empty environment, and the emulator without the tool."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.wheels.conftest import Wheels
from tests.wheels.environments import ROOT, environment

STRANGER = Path(__file__).with_name("stranger.py")
"""A program that uses only boto3, and nothing of this project."""


def packages(wheel: Path) -> set[str]:
    """Return the packages at the top of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" not in name}


def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def sources(folder: str, under: str) -> set[str]:
    """Return the files below a folder of the clone, by their names in a wheel."""
    kept = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {f"{under}/{path.relative_to(ROOT / folder)}" for path in kept}


def test_each_wheel_has_one_package_and_all_of_it(wheels: Wheels) -> None:
    assert packages(wheels.tool) == {"provisioner"}
    linked = sources("steps", "provisioner/steps") | sources("state", "provisioner/state")
    assert files(wheels.tool) == sources("provisioner", "provisioner") | linked
    assert packages(wheels.emulator) == {"ecs_emulator"}
    assert files(wheels.emulator) == sources("emulator/ecs_emulator", "ecs_emulator")
    assert "provisioner/py.typed" in files(wheels.tool)
    assert "ecs_emulator/py.typed" in files(wheels.emulator)


def test_the_tool_runs_from_its_wheel(wheels: Wheels, program: str, tmp_path: Path) -> None:
    here = environment(program, tmp_path / "environment")
    here.install(*wheels.options, "ecs-provision")
    assert "moto" not in here.installed()
    assert here.run("provision", "--version").stdout.startswith("provision 0.")
    assert "rehearse" in here.run("provision", "--help").stdout
    project = tmp_path / "project"
    project.mkdir()
    assert here.run("provision", "init", "--sample", within=project).returncode == 0
    assert (project / "stack.toml").is_file()
    policy = here.run("provision", "policy", within=project)
    assert policy.returncode == 0, policy.stderr
    without = here.run("provision", "up", "--yes", within=project)
    assert without.returncode == 4
    assert "`ecs-provision[local]`" in without.stderr
    assert "textual" not in here.installed()
    undrawn = here.run("provision", "dash", within=project)
    assert undrawn.returncode == 4
    assert "`uv tool install 'ecs-provision[dash]'`" in undrawn.stderr
    # with the extra a whole life
    here.install(*wheels.options, "ecs-provision[local]")
    up = here.run("provision", "up", "--yes", within=project)
    assert up.returncode == 0, up.stdout + up.stderr
    assert here.run("provision", "plan", within=project).returncode == 0
    here.install(*wheels.options, "ecs-provision[dash]")
    assert "needs a terminal" in here.run("provision", "dash", within=project).stderr
    down = here.run("provision", "down", "--yes", within=project)
    assert down.returncode == 0, down.stdout + down.stderr
    assert here.run("provision", "cloud", "stop", within=project).returncode == 0
    assert str(ROOT) not in up.stdout + up.stderr


def test_a_program_uses_the_emulator_without_the_tool(wheels: Wheels, tmp_path: Path) -> None:
    here = environment(sys.executable, tmp_path / "environment")
    here.install("--require-hashes", "-r", str(ROOT / "emulator" / "requirements.lock"))
    here.install("--no-deps", str(wheels.emulator))
    assert "ecs-provision" not in here.installed()
    assert here.run("python", "-c", "import provisioner").returncode == 1
    empty = tmp_path / "empty"
    empty.mkdir()
    # no profile or file of this user, as on another user's machine
    ran = subprocess.run(
        [here.bin / "python", STRANGER],
        cwd=empty,
        env={"PATH": str(here.bin), "HOME": str(empty)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "service: 1 of 1 running",
        "DeleteVpc: DependencyViolation",
        "another key: UnrecognizedClientException",
        "ended: 130",
    ]
    assert list(empty.iterdir()) == [], "it leaves nothing behind"
