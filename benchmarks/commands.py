"""Time of the commands as whole processes on the embedded cloud, with their calls and their memory."""

from __future__ import annotations

import statistics

from benchmarks.project import Project, project
from ecs_emulator import manage

RUNS = 7
LOOKS = (("status",), ("output",), ("history",), ("list",), ("secret", "list"))
"""Commands that only look, while the cloud runs."""


def main() -> None:
    """Measure a whole life of the sample, and reads after the cloud has ended; print one row a command."""
    heading("")
    with project() as sample:
        row(sample, "--help", RUNS, "--help")
        row(sample, "--version", RUNS, "--version")
        print(f"{'cloud start':32}{1:6}{sample.start_cloud():9.2f}")
        row(sample, "first up", 1, "up", "--yes")
        row(sample, "up, nothing to do", RUNS, "up", "--yes")
        row(sample, "plan, nothing to do", RUNS, "plan")
        row(sample, "rehearse", 3, "rehearse")
        for words in LOOKS:
            row(sample, " ".join(words), RUNS, *words)
        row(sample, "timeline", RUNS, "timeline")
        row(sample, "down", 1, "down", "--yes")
    with project() as sample:
        sample.start_cloud()
        sample.run("up", "--yes")
        manage.stop(sample.directory / ".provision")
        sample.cloud = None
        row(sample, "status, cloud stopped", RUNS, "status")
        row(sample, "output, cloud stopped", RUNS, "output")


def heading(what: str) -> None:
    """Print the head of the columns of `row`; "CPU s" is the least time of the processor, user and system."""
    print(f"{what:32}{'runs':>6}{'median s':>9}{'least s':>9}{'CPU s':>7}{'reads':>7}{'writes':>7}{'MiB':>6}")


def row(project: Project, what: str, runs: int, *words: str) -> None:
    """Run a command so many times; print its seconds, and calls and memory of its last run."""
    measured = [project.run(*words) for _ in range(runs)]
    seconds, last = [one.seconds for one in measured], measured[-1]
    median, least, cpu = statistics.median(seconds), min(seconds), min(one.cpu for one in measured)
    print(
        f"{what:32}{runs:6}{median:9.2f}{least:9.2f}{cpu:7.2f}{last.reads:7}{last.writes:7}{last.memory:6.0f}",
        flush=True,
    )
