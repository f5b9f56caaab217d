"""Translate scheduled actions of Application Auto Scaling into `scaling.schedule`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from provisioner.config import schedules
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Workload

BOUNDS = {"MinCapacity": "min", "MaxCapacity": "max"}


def carried(workload: Workload, actions: Sequence[Answer]) -> dict[str, Any]:
    """Return `schedule` and `timezone` for the actions of a service, and note actions without a counterpart."""
    times: dict[str, dict[str, Any]] = {}
    zone = next((str(one.get("Timezone") or "UTC") for one in actions), "UTC")
    for action in actions:
        key, text = f"scaling.{action.get('ScheduledActionName')}", str(action.get("Schedule"))
        there = str(action.get("Timezone") or "UTC")
        try:
            time = schedules.time_of_day(text)
        except ValueError:
            workload.leave(key, f"{text}: the number of tasks changes at times of day here, by cron(…) without L, W, #")
            continue
        if there != zone:
            workload.leave(key, f"is in {there}, and others in {zone}: a service has one time zone here")
            continue
        if action.get("StartTime") or action.get("EndTime"):
            workload.leave(f"{key}.StartTime, EndTime", "a time of day holds without a beginning and an end here")
        given = action.get("ScalableTargetAction") or {}
        if missing := [member for member in BOUNDS if member not in given]:
            workload.tell(key, f"leaves {missing[0]} as it is there; here it is scaling.{BOUNDS[missing[0]]} then")
        bounds = {BOUNDS[member]: int(value) for member, value in given.items() if member in BOUNDS}
        times[named(str(action.get("ScheduledActionName")))] = {"at": time, **bounds}
    if not times:
        return {}
    return {"schedule": times} | ({"timezone": zone} if zone != "UTC" else {})


def named(name: str) -> str:
    """Return a name for a table here: lower-case letters, digits and hyphens, beginning with a letter."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return plain if plain[:1].isalpha() else f"at-{plain}".rstrip("-")
