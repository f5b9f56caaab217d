"""The metrics that ECS measures each 20 seconds instead of each 60: as they are declared, requested and shown.

The declaration has the names of these metrics. A service does not show them, but its service revisions do. Sources: API
reference, `MonitoringConfiguration`, `ServiceRevision`; ECS developer guide, "Faster auto scaling with high-resolution
metrics".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

MEMBER = "monitoring"
FIELD = "high_resolution_metrics"
METRICS = ("CPUUtilization", "MemoryUtilization")
HIGH, USUAL = 20, 60
"""Resolutions in seconds."""


def asked(declared: Collection[str]) -> dict[str, Any]:
    """Return a declaration as CreateService and UpdateService take it, with all metrics: omitted ones may stay."""
    groups = {
        HIGH: [name for name in METRICS if name in declared],
        USUAL: [name for name in METRICS if name not in declared],
    }
    return {
        "metricConfigurations": [
            {"metricNames": names, "resolutionSeconds": seconds} for seconds, names in groups.items() if names
        ]
    }


def shown(revision: Mapping[str, Any]) -> list[str]:
    """Return the metrics of high resolution of a service revision, in the form of a declaration."""
    configured = (revision.get(MEMBER) or {}).get("metricConfigurations") or ()
    found = {name for one in configured if one.get("resolutionSeconds") == HIGH for name in one["metricNames"]}
    return sorted(found)
