"""Permissions of Step Functions, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.ec2.permissions import passed
from ecs_emulator.services.stepfunctions.checks import PRINCIPAL


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Step Functions."""
    brought = requested(call.tags("tags"))
    arn = call.text("stateMachineArn") or call.text("executionArn") or call.text("resourceArn")
    if call.operation == "CreateStateMachine":
        arn = call.arn(f"stateMachine:{call.text('name')}")
        if brought:
            yield call.existing(arn, brought, "states:TagResource")
    yield call.existing(arn, brought) if arn else call.check()
    if role := call.text("roleArn"):
        yield passed(call, role, PRINCIPAL)
