"""What unit tests are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.hostile import WEB


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, with a sound configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROVISION_DEBUG", raising=False)
    (tmp_path / "stack.toml").write_text(WEB)
    return tmp_path
