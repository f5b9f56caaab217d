"""How long the commands take on the embedded cloud as whole processes, and how many calls they make."""

from __future__ import annotations

import statistics

from benchmarks.project import Project, project


def main() -> None:
    """Measure a whole life of the sample and print one row a command."""
    print(f"{'what':24}{'runs':>6}{'seconds':>10}{'reads':>8}{'writes':>8}{'MiB':>8}")
    with project() as sample:
        row(sample, "provision --help", 3, "--help")
        print(f"{'cloud start':24}{1:6}{sample.start_cloud():10.2f}")
        row(sample, "first up", 1, "up", "--yes")
        row(sample, "up, nothing to do", 3, "up", "--yes")
        row(sample, "plan, nothing to do", 3, "plan")
        row(sample, "down", 1, "down", "--yes")


def row(sample: Project, what: str, runs: int, *words: str) -> None:
    """Run a command so many times; print the median of its seconds, and calls and memory of its last run."""
    measured = [sample.run(*words) for _ in range(runs)]
    seconds, last = statistics.median(one.seconds for one in measured), measured[-1]
    print(f"{what:24}{runs:6}{seconds:10.2f}{last.reads:8}{last.writes:8}{last.memory:8.0f}", flush=True)
