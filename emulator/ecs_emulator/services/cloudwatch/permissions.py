"""Permissions of CloudWatch, by call (Service Authorization Reference, Amazon CloudWatch)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, Context, each, requested
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to CloudWatch, one for each alarm that it names."""
    if call.operation == "GetMetricData":
        yield call.check("*")
        return
    if call.operation == "DescribeAlarms":
        # API reference, DescribeAlarms: composite alarms need the permission for all alarms
        whole = "CompositeAlarm" in call.body.get("AlarmTypes", ())
        yield call.check("*" if whole else call.arn("alarm:*", "cloudwatch"))
        return
    brought = requested(call.tags("Tags"))
    if call.operation == "PutMetricAlarm":
        arn = call.arn(f"alarm:{call.text('AlarmName')}", "cloudwatch")
        yield call.existing(arn, {**brought, **_actions(call)})
        if brought:
            # API reference, PutMetricAlarm, Tags
            yield call.existing(arn, brought, "cloudwatch:TagResource")
    elif arn := call.text("ResourceARN"):
        yield call.existing(arn, brought)
    else:
        names = call.body.get("AlarmNames") or ([call.text("AlarmName")] if call.text("AlarmName") else [])
        yield from each(call, [call.arn(f"alarm:{name}", "cloudwatch") for name in names])


def _actions(call: ApiCall) -> Context:
    """Return the condition key of an alarm's actions in any state.

    Source: CloudWatch user guide, iam-cw-condition-keys-alarm-actions.
    """
    found = [one for name in ("AlarmActions", "InsufficientDataActions", "OKActions") for one in call.many(name)]
    return {"cloudwatch:AlarmActions": tuple(found)} if found else {}
