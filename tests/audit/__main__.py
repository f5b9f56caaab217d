"""`make audit`: the code, the stacks and the locked packages looked through, by one audit each.

Fails (1) on each finding that `waivers.toml` does not accept, and on each waiver that accepts nothing any more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tests.audit import packages, stacks
from tests.audit.findings import Finding, of_bandit, problems, waivers
from tests.audit.programs import ROOT

CODE = ("provisioner", "emulator", "steps", "state", "app")


def main(arguments: Sequence[str]) -> int:
    """Run the named audits; return 1 if there are problems to solve."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("audits", nargs="*", metavar="AUDIT", help=f"{', '.join(AUDITS)}; without one: all")
    wanted = parser.parse_args(arguments).audits or [*AUDITS]
    if unknown := [name for name in wanted if name not in AUDITS]:
        parser.error(f"there is no audit {unknown[0]}: choose from {', '.join(AUDITS)}")
    lines = [line for name in wanted for line in AUDITS[name]()]
    for line in lines:
        print(line)
    return 1 if lines else 0


def told(tool: str, found: Sequence[Finding]) -> list[str]:
    """Print the counts by check, and return the problems to solve."""
    accepted = waivers(tool)
    for check, number in sorted(Counter(finding.check for finding in found).items()):
        print(f"{tool}: {check}: {number}")
    lines = [f"{tool}: {line}" for line in problems(found, accepted)]
    print(f"{tool}: {len(found)} findings, {len(accepted)} waivers, {len(lines)} to deal with", flush=True)
    return lines


def bandit() -> list[str]:
    """Audit the code."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", *CODE, "-f", "json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        raise SystemExit(f"bandit failed: {ended.stderr}")
    return told("bandit", of_bandit(ended.stdout, ROOT))


def prowler() -> list[str]:
    """Audit two stacks on the embedded cloud: the stack of `provision init --sample`, and one with all options."""
    found, others = stacks.audit()
    print(f"prowler: {others} findings of the account, which is not this stack's to settle")
    return told("prowler", found)


def locked() -> list[str]:
    """Write the bill of materials, and look the locked packages up in OSV's database if it answers."""
    path, listed, named = packages.write_bill()
    print(f"packages: {path.relative_to(ROOT)} lists the {listed} packages of {packages.USER_LOCK}")
    lines = [] if listed == named else [f"packages: the lock names {named} packages, and the bill lists {listed}"]
    found = packages.vulnerabilities()
    if found is None:
        print("packages: NOT LOOKED UP, because OSV's database (api.osv.dev) does not answer: run it with a network")
        return lines
    return lines + told("packages", found)


AUDITS: Mapping[str, Callable[[], list[str]]] = {"bandit": bandit, "prowler": prowler, "packages": locked}
"""The audits by name: each prints its subject, and returns a line for each problem to solve."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
