"""`python -m benchmarks`: how long the commands take on the embedded cloud, and how many calls they make."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from provisioner.cloud import manage

ROOT = Path(__file__).resolve().parents[1]
PROVISION = [sys.executable, "-m", "provisioner.cli"]
SECONDS = 300
"""No single run may take longer."""


def main() -> None:
    """Measure in a folder of its own, print a table, and leave nothing running."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "stack.toml", folder)
        try:
            _measure(folder)
        finally:
            manage.stop(folder / ".provision")


def _measure(folder: Path) -> None:
    print(f"{'what':24}{'runs':>6}{'seconds':>10}{'reads':>8}{'writes':>8}")
    _row("provision --help", 3, folder, None, "--help")
    began = time.monotonic()
    cloud = manage.start(folder / ".provision", "example.com")
    print(f"{'cloud start':24}{1:6}{time.monotonic() - began:10.2f}{'':8}{'':8}")
    _row("first up", 1, folder, cloud, "up", "--yes")
    _row("up, nothing to do", 3, folder, cloud, "up", "--yes")
    _row("plan, nothing to do", 3, folder, cloud, "plan")
    _row("down", 1, folder, cloud, "down", "--yes")


def _row(what: str, runs: int, folder: Path, cloud: manage.Cloud | None, *words: str) -> None:
    """Run a command so many times and print the median of its seconds, and the calls of its last run."""
    seconds: list[float] = []
    calls = ("", "")
    for _ in range(runs):
        since = _last(cloud) if cloud else 0
        began = time.monotonic()
        ended = subprocess.run(
            [*PROVISION, *words],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PROVISION_TARGET": "local"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        seconds.append(time.monotonic() - began)
        if ended.returncode:
            sys.exit(
                f"`provision {' '.join(words)}` ended with exit code {ended.returncode}:\n{ended.stderr}{ended.stdout}"
            )
        if cloud:
            writes = [call["write"] for call in _calls(cloud, since)]
            calls = (str(writes.count(False)), str(writes.count(True)))
    print(f"{what:24}{runs:6}{statistics.median(seconds):10.2f}{calls[0]:>8}{calls[1]:>8}", flush=True)


def _calls(cloud: manage.Cloud, since: int) -> list[dict[str, object]]:
    with urllib.request.urlopen(f"{cloud.endpoint}/_cloud/log?since={since}", timeout=30) as answer:  # noqa: S310
        found: list[dict[str, object]] = json.load(answer)
    return found


def _last(cloud: manage.Cloud) -> int:
    return max((int(str(call["number"])) for call in _calls(cloud, 0)), default=0)


if __name__ == "__main__":
    main()
