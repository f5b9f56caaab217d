"""What CloudWatch requires for its calls (Service Authorization Reference, Amazon CloudWatch)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield what CloudWatch asks for at one call: on an alarm where it names one."""
    name = call.text("AlarmName")
    yield call.check(call.arn(f"alarm:{name}") if name else "*")
