"""What to change in `stack.toml` when the tasks of a service fail their health checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def advice(task: Mapping[str, Any]) -> str:
    """Say which keys decide on the health check that ended a task; empty if none did.

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
