"""EventBridge Scheduler: schedules that run tasks of ECS, emulated without moto."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "scheduler",
    invalid="ValidationException",
    pages=Pages(Bounds(100, 1, 100), "ValidationException", "ValidationException"),
    codes=Codes("ThrottlingException", "InternalServerException", throttled_status=429, barred_status=403),
    modules=("operations",),
)
