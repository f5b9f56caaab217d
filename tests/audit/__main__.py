"""`make audit`: bandit over the code, then Prowler over the sample standing on an embedded cloud of its own.

Fails (1) on each finding that `waivers.toml` does not accept, and on each waiver that accepts nothing any more.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.audit.findings import Finding, of_bandit, of_prowler, problems, waivers

ROOT = Path(__file__).parents[2]
CODE = ("provisioner", "steps", "state", "app")
SERVICES = ("acm", "autoscaling", "cloudwatch", "ec2", "ecr", "ecs", "elbv2", "iam", "rds", "route53", "ssm", "vpc")
"""Prowler's names of the services that the stack uses, as far as it has checks for them."""
STACK = {"Project": "ecs-sample", "Environment": "dev"}
SECONDS = 1800


def main(arguments: Sequence[str]) -> int:
    """Run the audits that are named; 1 if there is anything to tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("tools", nargs="*", choices=["bandit", "prowler"], default=["bandit", "prowler"])
    parser.add_argument("--prowler", default="prowler", help="the program, of an environment of its own")
    options = parser.parse_args(arguments)
    lines = []
    if "bandit" in options.tools:
        lines += told("bandit", bandit())
    if "prowler" in options.tools:
        found, others = prowler(options.prowler)
        lines += told("prowler", found)
        print(f"prowler: {others} findings of the account, which is not this stack's to settle")
    for line in lines:
        print(line)
    return 1 if lines else 0


def told(tool: str, found: Sequence[Finding]) -> list[str]:
    """Print the counts by check, and return what has to be dealt with."""
    accepted = waivers(tool)
    for check, number in sorted(Counter(finding.check for finding in found).items()):
        print(f"{tool}: {check}: {number}")
    lines = [f"{tool}: {line}" for line in problems(found, accepted)]
    print(f"{tool}: {len(found)} findings, {len(accepted)} waivers, {len(lines)} to deal with")
    return lines


def bandit() -> list[Finding]:
    """Look through the code."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", *CODE, "-f", "json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        raise SystemExit(f"bandit failed: {ended.stderr}")
    return of_bandit(ended.stdout, ROOT)


def prowler(program: str) -> tuple[list[Finding], int]:
    """Bring the sample up on an embedded cloud, without containers, and look through what stands there."""
    with tempfile.TemporaryDirectory(prefix="audit-") as name:
        directory = Path(name)
        shutil.copy(ROOT / "stack.toml", directory)
        shutil.copytree(ROOT / "app", directory / "app", ignore=shutil.ignore_patterns("__pycache__"))
        here = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
        here["PROVISION_ENGINE"] = "0"
        try:
            _run(["provision", "up", "--yes"], directory, here)
            settings = _run(["provision", "cloud", "env"], directory, here)
            way = dict(re.findall(r"^export (\w+)=(\S+)$", settings, re.MULTILINE))
            where = [
                "--output-formats",
                "json-ocsf",
                "--output-directory",
                str(directory),
                "--output-filename",
                "found",
            ]
            scan = ["aws", "--region", way["AWS_DEFAULT_REGION"], "--services", *SERVICES, *where]
            _run([program, *scan, "--no-banner", "--ignore-exit-code-3"], directory, here | way)
        finally:
            _run(["provision", "cloud", "stop"], directory, here)
        return of_prowler((directory / "found.ocsf.json").read_text(), STACK)


def _run(command: Sequence[str], directory: Path, environment: dict[str, str]) -> str:
    try:
        ended = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is not there: run `make audit`, which installs it") from None
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
