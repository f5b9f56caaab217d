"""How long the commands take that are typed most, as whole processes: those that ask nobody, and those that ask AWS."""

from __future__ import annotations

import statistics

from benchmarks.project import Project, project
from provisioner.cloud import manage

RUNS = 9


def main() -> None:
    """Measure them on a stack that is up, and again when the embedded cloud is stopped; print one row each."""
    print(f"{'what':32}{'runs':>6}{'median s':>10}{'least s':>9}{'MiB':>6}")
    with project() as sample:
        sample.start_cloud()
        sample.run("up", "--yes")
        _row(sample, "--help", "--help")
        _row(sample, "--version", "--version")
        _row(sample, "plan, nothing to do", "plan")
        _row(sample, "status, cloud running", "status")
        manage.stop(sample.folder / ".provision")
        sample.cloud = None
        _row(sample, "status, cloud stopped", "status")
        _row(sample, "output", "output")
        _row(sample, "state list", "state", "list")


def _row(sample: Project, what: str, *words: str) -> None:
    measured = [sample.run(*words) for _ in range(RUNS)]
    seconds = [one.seconds for one in measured]
    median, least = statistics.median(seconds), min(seconds)
    print(f"{what:32}{RUNS:6}{median:10.2f}{least:9.2f}{measured[-1].memory:6.0f}", flush=True)


if __name__ == "__main__":
    main()
