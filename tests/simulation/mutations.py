"""Deliberate faults, each of which the simulation has to find: `python -m tests.simulation.mutations`.

Each is one edit of the engine or the state, made in a copy of the project; lives are lived there until one breaks a
promise. docs/developers/simulation.md has the list with the number of lives until then.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.simulation import mutations_engine, mutations_state, mutations_traffic
from tests.simulation.mutation import Mutation

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("emulator", "provisioner", "state", "steps", "tests")
MUTATIONS = (*mutations_engine.FAULTS, *mutations_traffic.FAULTS, *mutations_state.FAULTS)


def lives_until_found(mutation: Mutation, lives: int, jobs: int) -> int | None:
    """Return the number of lives until the simulation finds a fault, or None if it does not find it."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        root = Path(directory)
        for part in PARTS:
            shutil.copytree(ROOT / part, root / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        mutation.apply(root)
        command = [sys.executable, "-m", "tests.simulation", mutation.simulation, "--stop", "--seeds", str(lives)]
        packages = os.pathsep.join((directory, str(root / "emulator")))
        ran = subprocess.run(
            [*command, "--jobs", str(jobs)], cwd=root, env=os.environ | {"PYTHONPATH": packages},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    for line in ran.stdout.splitlines():
        if line.startswith("first broken: "):
            return int(line.split()[2])
    if ran.returncode:
        raise RuntimeError(f"{mutation.name}: {ran.stdout}{ran.stderr}")
    return None


def main() -> int:
    """Try each mutation; return 1 if one was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutations", description=__doc__)
    parser.add_argument("--lives", type=int, default=10_000, help="how many lives each has to be found within")
    parser.add_argument("--only", default="", metavar="TEXT", help="only those whose name or simulation has this in it")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    chosen = parser.parse_args()
    missed = 0
    for mutation in MUTATIONS:
        if chosen.only not in f"{mutation.simulation}: {mutation.name}":
            continue
        began = time.monotonic()
        count = lives_until_found(mutation, chosen.lives, chosen.jobs)
        missed += count is None
        found = f"after {count}" if count else "NOT FOUND"
        print(f"| {mutation.name} | {mutation.simulation} | {found} | {time.monotonic() - began:.0f} s", flush=True)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
