"""Lives of several verbs, some of them killed: each effect of a finished verb holds, and `down` leaves nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def test_some_lives_hold() -> None:
    words = [sys.executable, "-m", "tests.cloud.crash.lives", "--first", "1", "--lives", "4"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 lives hold" in ended.stdout
