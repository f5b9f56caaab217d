"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.cli.main import main
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.engine.resource_types import all_types
from tests.unit.cli.hostile import WEB

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that is the working directory, with a sound configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROVISION_DEBUG", raising=False)
    (tmp_path / "stack.toml").write_text(WEB)
    return tmp_path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command line in an empty directory: exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROVISION_DEBUG", raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.fixture
def shipped_types(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, type[Resource]]:
    """The types of the tool by their own names, and no others: a worker's other tests may have made some."""
    for name, resource_type in [*all_types().items()]:
        if not (resource_type.__module__.startswith("provisioner.resources.") and name.isidentifier()):
            monkeypatch.delitem(RESOURCE_TYPES, name)
    return RESOURCE_TYPES
