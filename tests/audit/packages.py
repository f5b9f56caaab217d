"""Look up vulnerabilities of the locked packages, and write the bill of materials of the users' packages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.audit.findings import Finding
from tests.audit.programs import ROOT, program

LOCKS = ("requirements.lock", "app/backend/requirements.lock", "app/frontend/requirements.lock")
"""The locks of all programs: the tool with the embedded cloud and its tests, and the sample's images. The users' lock
is a part of the first."""
USER_LOCK = "requirements-user.lock"
BILL = ROOT / "build/sbom.cdx.json"
SECONDS = 300
UNREACHED = ("ConnectionError", "could not connect", "Max retries exceeded", "timed out", "Name or service not known")
"""Texts of pip-audit's error when its database does not answer: it contains one of them."""


def vulnerabilities(options: Iterable[str] = ()) -> list[Finding] | None:
    """Return the vulnerabilities of the locked packages in OSV's database (https://osv.dev); None if it is down.

    Only names and versions are sent there. Nothing is installed, and no index is asked.

    Raises:
        SystemExit: pip-audit failed for another reason.
    """
    found: list[Finding] = []
    for lock in LOCKS:
        asked = [
            "-r",
            lock,
            "--require-hashes",
            "--disable-pip",
            "-s",
            "osv",
            "-f",
            "json",
            "--progress-spinner",
            "off",
        ]
        command = [program("supply", "pip-audit"), *asked, *options]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
        if not ended.stdout.strip():
            if any(words in ended.stderr for words in UNREACHED):
                return None
            raise SystemExit(f"pip-audit failed on {lock}:\n{ended.stderr[-2000:]}")
        found += of_pip_audit(ended.stdout, lock)
    return found


def of_pip_audit(report: str, lock: str) -> list[Finding]:
    """Read pip-audit's JSON; a place is a lock and a package: `requirements.lock: jinja2`."""
    entries = json.loads(report)["dependencies"]
    return [
        *(
            Finding(known["id"], f"{lock}: {entry['name']}", _told(entry, known))
            for entry in entries
            for known in entry.get("vulns", ())
        ),
        *(
            Finding("not looked up", f"{lock}: {entry['name']}", entry["skip_reason"])
            for entry in entries
            if "skip_reason" in entry
        ),
    ]


def _told(entry: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    fixed = ", ".join(known.get("fix_versions", ())) or "no version yet"
    also = ", ".join(known.get("aliases", ()))
    return f"{entry['version']}, mended in {fixed}" + (f": {also}" if also else "")


def write_bill() -> tuple[Path, int, int]:
    """Write the bill of materials (CycloneDX, JSON) of the packages that users install.

    Returns:
        Its path, the number of packages that it lists, and the number that the lock names.

    Raises:
        SystemExit: the bill could not be written.
    """
    BILL.parent.mkdir(exist_ok=True)
    command = [program("supply", "cyclonedx-py"), "requirements", USER_LOCK, "--pyproject", "pyproject.toml"]
    command += ["--of", "JSON", "--output-reproducible", "-o", str(BILL)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    if ended.returncode:
        raise SystemExit(f"cyclonedx-py failed: {ended.stderr[-2000:]}")
    components = json.loads(BILL.read_text())["components"]
    locked = sum(
        "==" in line and not line.startswith((" ", "#")) for line in (ROOT / USER_LOCK).read_text().splitlines()
    )
    return BILL, len(components), locked
