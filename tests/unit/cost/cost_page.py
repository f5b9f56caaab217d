"""Write the table of docs/cost.md, the costs of the examples: `python -m tests.unit.cost.cost_page`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "cost.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"
STACKS = {
    "internal tool": "examples/internal-tool/stack.toml",
    "Django shop": "examples/django/stack.toml",
    "sample": "stack.toml",
}
REGIONS = ("ap-northeast-1", "us-east-1")
FEW = 3


def told(file: str, region: str) -> Any:
    """Return the output of `provision cost --json` for a configuration whose own steps are trusted."""
    with TemporaryDirectory() as state:
        line = [*("cost", "--json", "-c", file), *("--region", region), *("--state-dir", state)]
        out, err = _run(line, {})
        if trusted := re.search(r"PROVISION_TRUST_STEPS=(\w+)", err):
            out, err = _run(line, {"PROVISION_TRUST_STEPS": trusted[1]})
        assert out, err
        return json.loads(out)


def _run(line: list[str], more: dict[str, str]) -> tuple[str, str]:
    program = "import sys; from provisioner.cli.main import main; sys.exit(main())"
    settings = {name: value for name, value in os.environ.items() if name != "PROVISION_TRUST_STEPS"}
    ended = subprocess.run(
        [sys.executable, "-c", program, *line],
        cwd=ROOT, env={**settings, **more}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    return ended.stdout, ended.stderr


def table() -> str:
    """Return the table of the page."""
    lines = [
        "| stack | Region | idle | usual | at most | USD an hour | the most, as usual |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for (name, file), region in product(STACKS.items(), REGIONS):
        found = told(file, region)
        assert found["missing"] == [], found["missing"]
        by_type: dict[str, list[float]] = {}
        for one in found["resources"]:
            by_type.setdefault(one["address"].partition("/")[0], []).append(one["usual"])
        most = sorted(by_type.items(), key=lambda item: -sum(item[1]))[:FEW]
        parts = ", ".join(f"{len(some)} {kind} {sum(some):.0f}" for kind, some in most)
        sums = " | ".join(f"{found[each]:.0f}" for each in ("idle", "usual", "at_most"))
        lines.append(f"| [{name}](../{file}) | {region} | {sums} | {found['hour']:.2f} | {parts} |")
    return "\n".join(lines) + "\n"


def written(text: str) -> str:
    """Return the page with a new table."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
