"""The name of the distribution: `provisioner` is somebody else's on the package index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import ecs_emulator
import provisioner

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EMULATOR = tomllib.loads((ROOT / "emulator" / "pyproject.toml").read_text())["project"]
TEXTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    ROOT / "Makefile",
    *ROOT.glob("provisioner/**/*.py"),
    *ROOT.glob("emulator/**/*.py"),
    ROOT / "emulator" / "README.md",
]


def test_the_distribution_has_a_name_of_its_own() -> None:
    assert PROJECT["name"] == "ecs-provision"
    assert PROJECT["scripts"] == {"provision": "provisioner.cli.main:main"}
    own = [need for need in PROJECT["optional-dependencies"]["dev"] if need.startswith(PROJECT["name"])]
    assert own == ["ecs-provision[app,dash]"], "its extras are its own, and not those of another distribution"


def test_the_extra_is_the_emulator_of_the_same_version() -> None:
    assert provisioner.__version__ == ecs_emulator.__version__
    assert PROJECT["optional-dependencies"]["local"] == [f"{EMULATOR['name']}=={ecs_emulator.__version__}"]
    assert (ROOT / "emulator" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_the_emulator_needs_nothing_of_the_tool() -> None:
    assert not [need for need in EMULATOR["dependencies"] if need.startswith(PROJECT["name"])]
    assert [need for need in EMULATOR["dependencies"] if "==" in need] == ["moto[ssm]==5.2.5"]


def test_no_message_advises_somebody_elses_package() -> None:
    foreign = re.compile(r"(pip|pipx|uv|uvx)( tool| pip)? (install|run) (-\S+ )*.?provisioner\b")
    assert foreign.search("pip install -U provisioner")
    assert [str(path) for path in TEXTS if foreign.search(path.read_text())] == []
