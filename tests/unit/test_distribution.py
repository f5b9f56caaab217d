"""What the distribution is called: `provisioner` is somebody else's on the package index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEXTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "Makefile", *ROOT.glob("provisioner/**/*.py")]


def test_the_distribution_has_a_name_of_its_own() -> None:
    assert PROJECT["name"] == "ecs-provision"
    assert PROJECT["scripts"] == {"provision": "provisioner.cli.main:main"}
    own = [need for need in PROJECT["optional-dependencies"]["dev"] if need.startswith(PROJECT["name"])]
    assert own == ["ecs-provision[app,local]"], "its extras are its own, and not those of another distribution"


def test_no_message_advises_somebody_elses_package() -> None:
    foreign = re.compile(r"(pip|pipx|uv|uvx)( tool| pip)? (install|run) (-\S+ )*.?provisioner\b")
    assert foreign.search("pip install -U provisioner")
    assert [str(path) for path in TEXTS if foreign.search(path.read_text())] == []
