"""Advice on keys of `stack.toml` for tasks that fail their health checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def advice(task: Mapping[str, Any]) -> str:
    """Return advice on the keys for the health check that ended a task; empty if no check did.

    ECS names the check only in its reason (developer guide, "Stopped tasks error messages"; containers-roadmap#612).
    """
    reason, name = str(task.get("stoppedReason", "")), str(task.get("group", "")).removeprefix("service:")
    key = f"services.{name}.health"
    if reason.startswith("Task failed container health checks"):
        return (
            f"If it needs longer to start, raise {key}.grace; else correct {key}.command, which runs in the container"
        )
    if reason.startswith("Task failed ELB health checks"):
        return f"If it needs longer to start, raise {key}.grace; else correct {key}.path, or {key}.codes"
    return ""
