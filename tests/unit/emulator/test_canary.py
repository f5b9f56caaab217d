"""Inputs of `make moto-canary`: the locked version, and the number of failed tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cloud import canary

TESTS = """
import pytest

@pytest.fixture
def broken():
    raise OSError

def test_good(): ...
def test_bad(): assert False
def test_without(): pytest.skip("no engine")
def test_set_up(broken): ...
"""


@pytest.mark.slow
def test_a_setup_error_is_a_failure_and_a_skipped_test_is_none(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=report.xml", "test_some.py"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert canary.counts((tmp_path / "report.xml").read_text()) == (3, 2)


def test_the_locked_version_is_that_of_moto() -> None:
    assert canary.locked_version("motocross==1.0 \\\nmoto==5.2.5 \\\n    --hash=sha256:1\n") == "5.2.5"
    with pytest.raises(SystemExit, match="names no moto"):
        canary.locked_version("boto3==1.44.8 \\\n")
