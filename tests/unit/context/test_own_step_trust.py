"""The record of trusted own steps: just the files that the user saw, and their changes since."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context.options import Options
from provisioner.operations.context.own_step_trust import VARIABLE, ask, changes, is_trusted

FOLDER = Path("/somewhere/steps")
FILES = {"a.py": "1", "lib/b.py": "2"}


@dataclass
class Asked:
    """Options that answer each question, and keep it."""

    answer: bool | None
    questions: list[str] = field(default_factory=list)

    def ask(self, question: str) -> bool | None:
        self.questions.append(question)
        return self.answer


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "provision" / "trusted-steps.json"


def answered(answer: bool | None, files: dict[str, str], digest: str = "d") -> str:
    """Ask about the files, and return the question."""
    options: Any = Asked(answer)
    ask(cast("Options", options), FOLDER, digest, files, "a.py: 3 lines of Python")
    return str(options.questions[0])


def test_files_are_trusted_as_they_were(record: Path) -> None:
    assert not is_trusted(FOLDER, "d", FILES)
    assert changes(FOLDER, FILES) == ""
    assert "has own steps (a.py: 3 lines of Python)" in answered(True, FILES)
    assert is_trusted(FOLDER, "d", FILES)
    assert json.loads(record.read_text()) == {str(FOLDER): FILES}


def test_a_change_is_named_and_asked_for(record: Path) -> None:
    answered(True, FILES)
    now = {"a.py": "3", "c.py": "4"}
    assert not is_trusted(FOLDER, "d2", now)
    changed = "have changed since you trusted them (changed: a.py; new: c.py; gone: lib/b.py)"
    assert changed in answered(True, now)
    assert is_trusted(FOLDER, "d2", now)
    assert not is_trusted(FOLDER, "d", FILES)
    with pytest.raises(ConfigurationError, match=r"changed: a.py.*set PROVISION_TRUST_STEPS=d3"):
        answered(None, {**now, "a.py": "5"}, "d3")


def test_the_variable_trusts_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "d")
    assert is_trusted(FOLDER, "d", FILES)
    assert not is_trusted(FOLDER, "d2", FILES)


def test_a_record_of_an_earlier_version_has_one_hash_of_all(record: Path) -> None:
    record.parent.mkdir()
    record.write_text(json.dumps({str(FOLDER): "d"}))
    assert is_trusted(FOLDER, "d", FILES)
    assert not is_trusted(FOLDER, "d2", FILES)
    assert "have changed since you trusted them (one or more of a.py, lib/b.py)" in answered(True, FILES, "d2")
