"""DynamoDB's refusals."""

from __future__ import annotations

from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.dynamodb.responses import DynamoHandler

from ecs_emulator.patch import wrap
from ecs_emulator.rules import limits


@wrap(DynamoHandler, "call_action")
def call_action(original: Any, self: Any) -> TYPE_RESPONSE:
    """Check each request like those to other services: moto answers them by another method."""
    answer: TYPE_RESPONSE = limits.refused(self) or original(self)
    return answer
