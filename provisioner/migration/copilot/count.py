"""Translate `count` of a Copilot manifest: the number of tasks, and the part on Spot."""

from __future__ import annotations

import re
from typing import Any

from provisioner.config.scaling import Scaling
from provisioner.migration.copilot.durations import duration, seconds
from provisioner.migration.copilot.findings import Workload
from provisioner.migration.copilot.messaging import backlog
from provisioner.migration.yaml_tree import Value

METRICS = {
    "cpu_percentage": "cpu",
    "memory_percentage": "memory",
    "requests": "requests",
    "response_time": "response_time",
}
DELAY = "queue_delay"
COOLDOWNS = {"scale_out_cooldown": 60, "scale_in_cooldown": 120}
"""Copilot's default seconds (aws/copilot-cli, templates/workloads/partials/cf/autoscaling.yml)."""
PAUSES = {"in": "scale_in_cooldown", "out": "scale_out_cooldown"}
ON_DEMAND = {"on_demand": {"percent": 100}}
"""Copilot's default; this tool's default is Spot."""


def count(value: Value, workload: Workload) -> dict[str, Any]:
    """Return the keys of a service that have the meaning of a manifest's `count`."""
    if value.number is not None:
        return {"count": value.number, **ON_DEMAND}
    if not value.table:
        workload.leave(value, "count", "is no number of tasks")
        return {"count": 1, **ON_DEMAND}
    return _table(value, workload)


def _table(value: Value, workload: Workload) -> dict[str, Any]:
    found, scaling = dict[str, Any](ON_DEMAND), dict[str, Any]()
    cooldowns = {metric: dict(COOLDOWNS) for metric in (*METRICS, DELAY) if metric in value.table}
    for cooldown in cooldowns.values():
        _cooldown(cooldown, value.at("cooldown"), "count.cooldown", workload)
    for key, one in value.table.items():
        if key == "range":
            found |= _range(one, scaling, workload, 0 if DELAY in value.table else 1)
        elif key == "spot" and one.number:
            found |= {"count": one.number, "on_demand": {"percent": 0}}
        elif key == DELAY:
            scaling |= backlog(workload, one)
            _cooldown(cooldowns[key], one.at("cooldown"), f"count.{key}.cooldown", workload)
        elif key in METRICS:
            _metric(key, one, scaling, workload)
            _cooldown(cooldowns[key], one.at("cooldown"), f"count.{key}.cooldown", workload)
        elif key != "cooldown":
            workload.leave(one, f"count.{key}", "tasks are not scaled by this here")
    if "max" not in scaling:
        return found
    return found | {"scaling": scaling | _longest(value, list(cooldowns.values()), workload)}


def _cooldown(into: dict[str, int], value: Value | None, key: str, workload: Workload) -> None:
    """Write the cooldowns that a manifest names, and note any that is no number of seconds."""
    for name, one in value.table.items() if value else ():
        if (number := seconds(one)) is not None and name in PAUSES:
            into[PAUSES[name]] = number
        else:
            workload.leave(one, f"{key}.{name}", "is no duration here")


def _longest(value: Value, all: list[dict[str, int]], workload: Workload) -> dict[str, int]:
    """Return the cooldowns that are not the usual ones here: all metrics of a service have the longest of all."""
    found = {}
    for key in COOLDOWNS:
        named = sorted({one[key] for one in all})
        if len(named) > 1:
            why = f"is {', '.join(map(str, named))} seconds there; here {named[-1]} for all metrics"
            workload.tell(value, f"count: {key}", why)
        if named and named[-1] != Scaling.model_fields[key].default:
            found[key] = named[-1]
    return found


def _range(value: Value, scaling: dict[str, Any], workload: Workload, least: int) -> dict[str, Any]:
    if found := re.fullmatch(r"(\d+)-(\d+)", value.text or ""):
        ends = [int(found[1]), int(found[2])]
    else:
        ends = [one.number or 0 if (one := value.at(key)) else 0 for key in ("min", "max")]
    if not least <= ends[0] <= ends[1]:
        workload.leave(value, "count.range", f"is no range that a service can be scaled in here: from {least} up")
        return {}
    scaling |= {"min": ends[0], "max": ends[1]}
    spot = value.at("spot_from")
    if not spot or not spot.number:
        return {}
    if spot.number == 1:
        return {"on_demand": {"percent": 0}}
    why = "is carried over with 1 percent on-demand of the further tasks, as ECS wants a weight for a base"
    workload.tell(spot, "count.range.spot_from", why)
    return {"on_demand": {"base": spot.number - 1, "percent": 1}}


def _metric(key: str, value: Value, scaling: dict[str, Any], workload: Workload) -> None:
    wanted = value.at("value") or value
    if key == "response_time":
        if time := duration(wanted):
            scaling[METRICS[key]] = time
        else:
            workload.leave(value, f"count.{key}", "is no duration")
    elif wanted.number:
        scaling[METRICS[key]] = wanted.number
    else:
        workload.leave(value, f"count.{key}", "is no number")
