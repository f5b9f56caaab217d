"""Permissions of EventBridge, by call (Service Authorization Reference, Amazon EventBridge)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.events.bus import DEFAULT


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to EventBridge, on the rule that it names."""
    brought = requested(call.tags("Tags"))
    if arn := call.text("ResourceARN"):
        yield call.existing(arn, brought)
        return
    name, bus = call.text("Name") or call.text("Rule"), call.text("EventBusName").rpartition("/")[2]
    if not name:
        yield call.check()
        return
    arn = call.arn(f"rule/{name}" if bus in ("", DEFAULT) else f"rule/{bus}/{name}")
    yield call.existing(arn, brought)
    if call.operation == "PutRule" and brought:
        # API reference, PutRule
        yield call.existing(arn, brought, "events:TagResource")
