"""Permissions of CloudWatch Logs, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to CloudWatch Logs; the ARN of a group ends with its streams."""
    name = call.text("logGroupName")
    if call.operation == "CreateLogGroup":
        arn, brought = call.arn(f"log-group:{name}:log-stream:"), call.tags("tags")
        yield call.check(arn, requested(brought))
        if brought:
            # API reference, CreateLogGroup: with tags
            yield call.check(call.arn(f"log-group:{name}"), requested(brought), "logs:TagResource")
    elif arn := call.text("resourceArn"):
        yield call.existing(arn, requested(call.tags("tags")))
    elif name:
        yield call.existing(call.arn(f"log-group:{name}:log-stream:{call.text('logStreamName')}"))
    else:
        yield call.check()
