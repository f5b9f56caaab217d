"""Step Functions: standard state machines of one task of ECS, emulated without moto."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "stepfunctions",
    signing="states",
    invalid="ValidationException",
    pages=Pages(Bounds(100, 0, 1000), "InvalidToken", "ValidationException"),
    codes=Codes("ThrottlingException", "InternalFailure"),
    modules=("operations",),
)
