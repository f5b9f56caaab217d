"""EventBridge: rules on the default event bus, to which ECS sends the events of its tasks."""

from __future__ import annotations

from ecs_emulator.services.model import Codes, EmulatedApi

API = EmulatedApi(
    "events",
    invalid="ValidationException",
    # API reference, "Common Errors"
    codes=Codes("ThrottlingException", "InternalException", "ServiceUnavailable"),
)
