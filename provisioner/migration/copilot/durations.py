"""Read the durations of Copilot's manifests."""

from __future__ import annotations

import re

from provisioner.migration.yaml_tree import Value


def seconds(value: Value) -> int | None:
    """Return a duration such as 1m30s in seconds; a number without a unit is in seconds; None if it is no duration."""
    if value.number is not None:
        return value.number
    if not re.fullmatch(r"(\d+[hms])+", value.text or ""):
        return None
    found = re.findall(r"(\d+)([hms])", value.text or "")
    return sum(int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in found)


def duration(value: Value) -> float | None:
    """Return a duration such as 500ms or 1.5s in seconds, which may be parts of one; None if it is no duration."""
    if value.number is not None:
        return float(value.number)
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
    if not re.fullmatch(r"(\d+(\.\d+)?(h|ms|m|s))+", value.text or ""):
        return None
    found = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s)", value.text or "")
    return round(sum(float(number) * units[unit] for number, unit in found), 6)
