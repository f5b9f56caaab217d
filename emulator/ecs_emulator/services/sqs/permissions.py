"""Permissions of SQS, by call (Service Authorization Reference, Amazon SQS)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to SQS, on the queue; its URL ends with its name."""
    name = call.text("QueueName") or call.text("QueueUrl").rpartition("/")[2]
    if not name:
        yield call.check()
        return
    arn, brought = call.arn(name), requested(call.tags("tags"))
    yield call.existing(arn, brought)
    if call.operation == "CreateQueue" and brought:
        # API reference, CreateQueue, tags
        yield call.check(arn, brought, "sqs:TagQueue")
