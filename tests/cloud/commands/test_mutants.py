"""Deliberate faults in the tool: each can still be made, and lives find a sample of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cloud.crash.mutant import Mutant
from tests.cloud.crash.mutants import MUTANTS, ROOT

SAMPLE = "^(create: Valkey is made without TLS|delete: alarms are left over|drift: the idle timeout is not compared)$"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_has_its_place_in_the_code_of_today(mutant: Mutant, tmp_path: Path) -> None:
    copy = tmp_path / mutant.path
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutant.path, copy)
    mutant.apply(tmp_path)
    assert copy.read_text() != (ROOT / mutant.path).read_text()
    compile(copy.read_text(), mutant.path, "exec")


@pytest.mark.slow
def test_lives_find_a_sample() -> None:
    words = [sys.executable, "-m", "tests.cloud.crash.mutants", "--only", SAMPLE, "--lives", "2"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "| all | 3 | 3 |" in ended.stdout
