"""The programs that the benchmarks start are this tool's."""

from __future__ import annotations

import subprocess

import pytest

from benchmarks import project, rates


@pytest.mark.parametrize("program", [project.PROVISION, rates.WITHOUT], ids=["the tool", "without its rate limits"])
def test_a_benchmarks_program_runs(program: list[str]) -> None:
    ended = subprocess.run([*program, "--version"], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("provision ")
