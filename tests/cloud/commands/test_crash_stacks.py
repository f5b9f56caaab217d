"""Drawn stacks that come, change and go: edited, they are as from nothing, and `down` leaves nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def test_some_drawn_stacks_hold() -> None:
    words = [sys.executable, "-m", "tests.cloud.crash.stacks", "--first", "2", "--lives", "4"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 lives hold" in ended.stdout
