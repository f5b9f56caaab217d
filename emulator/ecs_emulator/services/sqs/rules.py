"""SQS: a call that waits for a message does not block other calls."""

from __future__ import annotations

from typing import Any

from moto.sqs.models import SQSBackend

from ecs_emulator import long_polls
from ecs_emulator.patch import wrap


@wrap(SQSBackend, "receive_message")
def receive_message(
    original: Any,
    self: Any,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> Any:
    """ReceiveMessage: wait for WaitTimeSeconds without blocking other calls; moto would sleep and block them."""
    found = original(self, queue_name, count, 0, visibility_timeout, message_attribute_names)
    if not found:
        long_polls.wait(wait_seconds_timeout)
    return found
