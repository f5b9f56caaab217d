"""Permissions of Application Auto Scaling, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.applicationautoscaling.models import applicationautoscaling_backends

from ecs_emulator.authorization.api_call import ApiCall, Context, requested
from ecs_emulator.authorization.policy import Check

_ALARMS: Mapping[str, tuple[str, ...]] = {
    "PutScalingPolicy": ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"),
    "DeleteScalingPolicy": ("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"),
}
"""ECS developer guide, "IAM permissions required for Amazon ECS service auto scaling"."""

_NEW = "00000000-0000-4000-8000-000000000000"
"""The place of the number in a policy's ARN, which the policy does not have yet when its alarms are checked."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Application Auto Scaling, also on CloudWatch and ECS.

    The resource that it scales names a scalable target; its tags count for the checks (user guide, "Tagging support").
    """
    if call.operation.startswith("Describe"):
        yield call.check()
        return
    brought, of, dimension = call.tags(), call.text("ResourceId"), call.text("ScalableDimension")
    if named := call.text("ResourceARN"):
        yield call.existing(named, requested(brought))
        return
    context = {
        "application-autoscaling:service-namespace": (call.text("ServiceNamespace"),),
        "application-autoscaling:scalable-dimension": (dimension,),
    }
    there = applicationautoscaling_backends[call.account][call.region].targets.get(dimension, {}).get(of)
    target = there.arn if there else call.arn("scalable-target/*")
    yield call.existing(target, {**context, **requested(brought)})
    if call.operation == "RegisterScalableTarget" and brought:
        yield call.existing(target, requested(brought), "application-autoscaling:TagResource")
    alarm = call.arn(f"alarm:TargetTracking-{of}-*", "cloudwatch")
    told = call.arn(f"scalingPolicy:{_NEW}:resource/ecs/{of}:policyName/{call.text('PolicyName')}", "autoscaling")
    for action in _ALARMS.get(call.operation, ()):
        does: Context = {"cloudwatch:AlarmActions": (told,)} if action == "cloudwatch:PutMetricAlarm" else {}
        yield call.check(alarm, does, action)
    if call.operation == "RegisterScalableTarget" and of.startswith("service/"):
        for action in ("ecs:DescribeServices", "ecs:UpdateService"):
            yield call.check(call.arn(of, "ecs"), action=action)
