"""A verb that is killed around its writes is ended by itself, by `up`, and by `recover` without a state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def test_scale_is_killed_around_each_of_its_writes() -> None:
    words = [sys.executable, "-m", "tests.cloud.crash.verbs", "--all", "--only", "scale:"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "16 of 16 points hold" in ended.stdout
