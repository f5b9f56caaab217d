"""`make moto-canary`: the tests of the embedded cloud with the moto that is installed, which is not the locked one."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ("tests/cloud", "tests/contract")
"""Directories of the tests that start the embedded cloud."""


def main(arguments: Sequence[str]) -> int:
    """Run the tests that are named, or all of `TESTS`; 1 if one of them fails."""
    locked = locked_version((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    installed = version("moto")
    if installed == locked:
        print(f"moto {locked} is both the locked and the newest version: there is nothing to compare.")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-n", "4", "--dist", "loadfile", f"--junit-xml={report}"]
        subprocess.run([*command, *(arguments or TESTS)], cwd=ROOT, check=False)
        ran, failed = counts(report.read_text(encoding="utf-8")) if report.exists() else (0, 0)
    print(f"moto {locked} is locked; with moto {installed}, {failed} of {ran} tests failed.")
    return 0 if ran and not failed else 1


def locked_version(lock: str) -> str:
    """The version of moto that a lock names."""
    found = re.search(r"^moto==(\S+)", lock, re.MULTILINE)
    if found is None:
        raise SystemExit("requirements.lock names no moto: lock it again")
    return found[1]


def counts(report: str) -> tuple[int, int]:
    """Count the tests that ran and the tests that failed in a pytest report; a test whose setup failed counts too."""
    suites = list(ET.fromstring(report).iter("testsuite"))  # noqa: S314 (written by pytest a moment ago)

    def total(name: str) -> int:
        return sum(int(suite.get(name, "0")) for suite in suites)

    return total("tests") - total("skipped"), total("failures") + total("errors")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
