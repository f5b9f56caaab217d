"""Read the durations of Copilot's manifests."""

from __future__ import annotations

import re

from provisioner.migration.yaml_tree import Value

_UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}


def seconds(value: Value) -> int | None:
    """Return a duration such as 1m30s in seconds; a number without a unit is in seconds; None if it is no duration."""
    found = _seconds(value, r"(\d+)(h|m|s)")
    return None if found is None else int(found)


def duration(value: Value) -> float | None:
    """Return a duration such as 500ms or 1.5s in seconds, which may be parts of one; None if it is no duration."""
    return _seconds(value, r"(\d+(?:\.\d+)?)(h|ms|m|s)")


def _seconds(value: Value, part: str) -> float | None:
    """Return the sum of the parts of a duration: a number and a unit, as the pattern of a part says."""
    if value.number is not None:
        return float(value.number)
    if not re.fullmatch(rf"({part})+", value.text or ""):
        return None
    return round(sum(float(number) * _UNITS[unit] for number, unit in re.findall(part, value.text or "")), 6)
