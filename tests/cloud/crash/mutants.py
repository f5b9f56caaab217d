"""`python -m tests.cloud.crash.mutants`: deliberate faults in the tool, each of which lives have to find.

A fault is one edit, made in a copy of the project, in which the lives of drawn stacks then come until one
does not hold. docs/developers/crash.md tells the result.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cloud.crash import mutants_deploying, mutants_resources, mutants_steps
from tests.cloud.crash.mutant import Mutant
from tests.cloud.crash.verbs import MEMORY

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("app", "emulator", "examples", "provisioner", "state", "steps", "tests")
MUTANTS = (*mutants_resources.FAULTS, *mutants_deploying.FAULTS, *mutants_steps.FAULTS)
_VERDICT = re.compile(r"^(\d+): (ok|BAD)", re.MULTILINE)
WITHIN = 8
"""Lives within which each is to be found."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on a fault: the lives until it was found (None: it was not), the seconds, and the reason."""

    name: str
    kind: str
    lives: int | None
    seconds: float
    why: str


def copied(directory: Path) -> Path:
    """Return a copy of the project with its compiled modules."""
    for part in PARTS:
        if (ROOT / part).exists():
            shutil.copytree(ROOT / part, directory / part, symlinks=True)
    for file in ("stack.toml", "pyproject.toml"):
        shutil.copy(ROOT / file, directory / file)
    return directory


def tried(mutant: Mutant, root: Path, lives: int) -> Verdict:
    """Make a fault in a copy, let lives come until one does not hold, and take the fault back.

    Raises:
        RuntimeError: no life came to a verdict.
    """
    file = root / mutant.path
    whole, began = file.read_text(encoding="utf-8"), time.monotonic()
    mutant.apply(root)
    words = [sys.executable, "-m", "tests.cloud.crash.stacks", "-j1", "--stop", "--lives", str(lives)]
    packages = os.pathsep.join((str(root), str(root / "emulator")))
    try:
        ran = subprocess.run(
            [*words, *([f"--with={mutant.having}"] if mutant.having else [])], cwd=root,
            env=os.environ | {"PYTHONPATH": packages}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        file.write_text(whole, encoding="utf-8")
    verdicts = _VERDICT.findall(ran.stdout)
    if not verdicts:
        raise RuntimeError(f"{mutant.name}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    found = len(verdicts) if verdicts[-1][1] == "BAD" else None
    return Verdict(mutant.name, mutant.kind, found, time.monotonic() - began, _why(ran.stdout) if found else "")


def _why(told: str) -> str:
    """Return the end of a life that does not hold, but for the line that tells how to see it again."""
    return "\n".join(line[:300] for line in told.partition("\nagain: ")[0].splitlines()[-6:])


def earlier(results: Path | None) -> list[Verdict]:
    """Return the verdicts that a file keeps."""
    if results is None or not results.exists():
        return []
    return [Verdict(**json.loads(line)) for line in results.read_text().splitlines()]


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return a table: by kind, how many faults were tried and found, and the lives until then."""
    rows = ["| kind | faults | found | lives, median and most | seconds, median |", "|---|---|---|---|---|"]
    for kind in [*sorted({one.kind for one in verdicts}), "all"]:
        of = [one for one in verdicts if kind in (one.kind, "all")]
        lives = sorted(one.lives for one in of if one.lives)
        seconds = sorted(one.seconds for one in of if one.lives)
        middle = f"{lives[len(lives) // 2]}, {lives[-1]} | {seconds[len(lives) // 2]:.0f}" if lives else "- | -"
        rows.append(f"| {kind} | {len(of)} | {len(lives)} | {middle} |")
    return "\n".join(rows)


def main() -> int:
    """Try each fault; return 1 if one was not found."""
    parser = argparse.ArgumentParser(prog="make mutate-stacks ARGS=…", description=__doc__)
    parser.add_argument("--lives", type=int, default=WITHIN, help="how many lives each has to be found within")
    parser.add_argument("--only", default="", metavar="REGEX", help="only those whose kind and name match")
    parser.add_argument("--results", type=Path, help="keep each verdict here; what is there is not tried again")
    chosen = parser.parse_args()
    verdicts = earlier(chosen.results)
    known = {one.name for one in verdicts}
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=MEMORY) as directory:
        root = copied(Path(directory))
        for mutant in MUTANTS:
            if mutant.name in known or not re.search(chosen.only, f"{mutant.kind}: {mutant.name}"):
                continue
            verdict = tried(mutant, root, chosen.lives)
            verdicts.append(verdict)
            found = f"after {verdict.lives}" if verdict.lives else "NOT FOUND"
            print(f"| {verdict.kind} | {verdict.name} | {found} | {verdict.seconds:.0f} s", flush=True)
            if chosen.results:
                with chosen.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(verdict)) + "\n")
    print(summary(verdicts))
    return int(any(one.lives is None for one in verdicts))


if __name__ == "__main__":
    sys.exit(main())
