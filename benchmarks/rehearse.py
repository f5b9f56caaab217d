"""Time of a rehearsal as a whole process, for the stack.toml that `provision init` writes."""

from __future__ import annotations

import json
import statistics

from benchmarks.project import ROOT, Project, project

RUNS = 5
SAMPLE = ROOT / "provisioner" / "config" / "data" / "stack.toml"
SETTINGS = {"PROVISION_ENGINE": "0", "PROVISION_REGISTRIES": "0"}
"""No images: a rehearsal copies none, and would ask their registries."""
PORT = ("port = 8080", "port = 8081")
"""The change, in all services."""


def main() -> None:
    """Print one row for each rehearsal."""
    print(f"{'':32}{'runs':>6}{'median s':>9}{'least s':>9}{'CPU s':>7}{'calls':>7}{'writes':>7}{'MiB':>6}")
    text = SAMPLE.read_text()
    with project(SETTINGS, text) as sample:
        sample.start_cloud()
        sample.run("up", "--yes")
        _row(sample, "rehearse up, nothing to do", "up")
        (sample.directory / "stack.toml").write_text(text.replace(*PORT))
        _row(sample, "rehearse up, other ports", "up")
        _row(sample, "rehearse down", "down")


def _row(sample: Project, what: str, command: str) -> None:
    """Rehearse a command so many times; print its seconds, its least CPU seconds, and its run's calls."""
    measured = [sample.run("rehearse", command, "--json") for _ in range(RUNS)]
    seconds, cpu = [one.seconds for one in measured], min(one.cpu for one in measured)
    median, least, last = statistics.median(seconds), min(seconds), measured[-1]
    # progress is on other lines than the document
    [document] = [line for line in last.output.splitlines() if line.startswith("{")]
    [run] = json.loads(document)["runs"]
    print(
        f"{what:32}{RUNS:6}{median:9.2f}{least:9.2f}{cpu:7.2f}{run['calls']:7}{run['writes']:7}{last.memory:6.0f}",
        flush=True,
    )
