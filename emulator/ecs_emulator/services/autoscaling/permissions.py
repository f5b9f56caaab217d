"""Permissions of Auto Scaling, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.ec2.permissions import launched


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Auto Scaling, including the launch from a template."""
    operation, name = call.operation, call.text("AutoScalingGroupName")
    if operation.startswith("Describe"):
        yield call.check()
    elif operation == "CreateAutoScalingGroup":
        arn, brought = call.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}"), requested(call.tags())
        yield call.check(arn, brought)
        if call.tags():
            yield call.check(arn, brought, "autoscaling:CreateOrUpdateTags")
        yield from _templates(call, call.text("VPCZoneIdentifier"))
    elif operation in ("CreateOrUpdateTags", "DeleteTags"):
        for group in sorted({value for key, value in call.form.items() if key.endswith(".ResourceId")}):
            yield call.existing(_group(call, group), requested(call.tags()))
    elif operation == "TerminateInstanceInAutoScalingGroup":
        yield call.existing(_group(call, _group_of(call, call.text("InstanceId"))))
    else:
        yield call.existing(_group(call, name))
        if operation == "UpdateAutoScalingGroup":
            there = _groups(call).get(name)
            yield from _templates(call, call.text("VPCZoneIdentifier") or (there.vpc_zone_identifier if there else ""))


def _templates(call: ApiCall, subnets: str) -> Iterator[Check]:
    ids = [value for key, value in call.form.items() if key.endswith("LaunchTemplateId")]
    names = [value for key, value in call.form.items() if key.endswith("LaunchTemplateName")]
    known = ec2_backends[call.account][call.region].launch_template_name_to_ids
    share = call.form.get("MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity", "100")
    for template in sorted({*ids, *(known.get(name, name) for name in names)}):
        yield from launched(call, template, [it for it in subnets.split(",") if it], spot=share != "100")


def _groups(call: ApiCall) -> Any:
    return autoscaling_backends[call.account][call.region].autoscaling_groups


def _group(call: ApiCall, name: str) -> str:
    there = _groups(call).get(name)
    arn: str = there.arn if there else call.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}")
    return arn


def _group_of(call: ApiCall, instance: str) -> str:
    groups = _groups(call).values()
    return next((g.name for g in groups if any(s.instance.id == instance for s in g.instance_states)), "*")
