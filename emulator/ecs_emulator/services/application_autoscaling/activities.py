"""Scaling activities: changes of the bounds or the capacity of a scalable target, the newest first."""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.moto_api._internal import mock_random

from ecs_emulator.clock import CLOCK

_MOST = 100
"""The activities kept for each account and Region. AWS keeps them for six weeks (API reference)."""


def note(backend: ApplicationAutoscalingBackend, resource: str, description: str, cause: str) -> None:
    """Record a successful activity of an ECS service."""
    moment = CLOCK.time()
    shape = {
        "ActivityId": str(mock_random.uuid4()),
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": "ecs:service:DesiredCount",
        "Description": f"{description}.",
        "Cause": cause,
        "StartTime": moment,
        "EndTime": moment,
        "StatusCode": "Successful",
        "StatusMessage": f"Successfully {description[0].lower()}{description[1:]}.",
    }
    kept: list[dict[str, Any]] = _kept(backend)
    kept.insert(0, shape)
    del kept[_MOST:]


def of(backend: ApplicationAutoscalingBackend, resource: str | None) -> list[dict[str, Any]]:
    """Return the activities of one resource, or of all."""
    return [one for one in _kept(backend) if resource in (None, one["ResourceId"])]


def _kept(backend: Any) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = vars(backend).setdefault("activities", [])
    return kept
