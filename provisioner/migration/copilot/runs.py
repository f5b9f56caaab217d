"""Translate `timeout` and `retries` of Copilot's scheduled jobs, whose runs are state machines there too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.config.jobs import LONGEST, MOST_RETRIES, SHORTEST
from provisioner.migration.copilot import durations
from provisioner.migration.copilot.findings import JOB, Workload
from provisioner.migration.yaml_tree import Value


def fill(workload: Workload, manifest: Value) -> None:
    """Write the two keys into the table, or note why they are left out: after the schedule and the sidecars."""
    for key, (read, words) in _KEYS.items():
        if (value := manifest.at(key)) is None:
            continue
        found = read(value)
        if workload.sort != JOB:
            workload.leave(value, key, "is not known here")
        elif found is None:
            workload.leave(value, key, words)
        elif key == "retries" and not found:
            continue  # as without the key
        elif "schedule" not in workload.table:
            workload.leave(value, key, "has no effect on a job without a schedule")
        elif "sidecars" in workload.table:
            workload.leave(value, key, "does not go with sidecars, whose end Step Functions may take for a failure")
        else:
            workload.table[key] = found


def _seconds(value: Value) -> int | None:
    found = durations.seconds(value)
    return found if found is not None and SHORTEST <= found <= LONGEST else None


def _retries(value: Value) -> int | None:
    return int(value.number) if value.number is not None and value.number in range(MOST_RETRIES + 1) else None


_KEYS: Mapping[str, tuple[Callable[[Value], int | None], str]] = {
    "timeout": (_seconds, "is no time from a minute to 30 days"),
    "retries": (_retries, f"is no number from 0 to {MOST_RETRIES}"),
}
