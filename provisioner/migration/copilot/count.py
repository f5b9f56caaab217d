"""Translate `count` of a Copilot manifest: the number of tasks, and the part on Spot."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from provisioner.migration.yaml_tree import Value

Leave = Callable[[Value, str, str], object]
METRICS = {"cpu_percentage": "cpu", "memory_percentage": "memory", "requests": "requests"}
ON_DEMAND = {"on_demand": {"percent": 100}}
"""Copilot's default; this tool's default is Spot."""


def count(value: Value, leave: Leave) -> dict[str, Any]:
    """Return the keys of a service that have the meaning of a manifest's `count`."""
    if value.number is not None:
        return {"count": value.number, **ON_DEMAND}
    if not value.table:
        leave(value, "count", "is no number of tasks")
        return {"count": 1, **ON_DEMAND}
    return _table(value, leave)


def _table(value: Value, leave: Leave) -> dict[str, Any]:
    found, scaling = dict[str, Any](ON_DEMAND), dict[str, Any]()
    for key, one in value.table.items():
        if key == "range":
            found |= _range(one, scaling, leave)
        elif key == "spot" and one.number:
            found |= {"count": one.number, "on_demand": {"percent": 0}}
        elif key in METRICS:
            _metric(key, one, scaling, leave)
        else:
            leave(one, f"count.{key}", "tasks are not scaled by this here")
    return found | ({"scaling": scaling} if "max" in scaling else {})


def _range(value: Value, scaling: dict[str, Any], leave: Leave) -> dict[str, Any]:
    if found := re.fullmatch(r"(\d+)-(\d+)", value.text or ""):
        ends = [int(found[1]), int(found[2])]
    else:
        ends = [one.number or 0 if (one := value.at(key)) else 0 for key in ("min", "max")]
    if not 1 <= ends[0] <= ends[1]:
        leave(value, "count.range", "is no range that a service can be scaled in here: from 1 up")
        return {}
    scaling |= {"min": ends[0], "max": ends[1]}
    spot = value.at("spot_from")
    if not spot or not spot.number:
        return {}
    if spot.number == 1:
        return {"on_demand": {"percent": 0}}
    leave(
        spot, "count.range.spot_from", "is carried over with 1 percent on-demand of the further tasks, which ECS wants"
    )
    return {"on_demand": {"base": spot.number - 1, "percent": 1}}


def _metric(key: str, value: Value, scaling: dict[str, Any], leave: Leave) -> None:
    wanted = value.at("value") or value
    if wanted.number:
        scaling[METRICS[key]] = wanted.number
    else:
        leave(value, f"count.{key}", "is no number")
    if cooldown := value.at("cooldown"):
        leave(cooldown, f"count.{key}.cooldown", "has no counterpart here")
