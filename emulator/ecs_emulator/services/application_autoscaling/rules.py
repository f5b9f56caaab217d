"""Scalable targets, as AWS shows them."""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend

from ecs_emulator.patch import wrap

SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@wrap(ApplicationAutoscalingBackend, "register_scalable_target")
def register_scalable_target(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """RegisterScalableTarget: default to the service-linked role, and to no suspended scaling."""
    target = original(self, *args, **kwargs)
    service = "ecs.application-autoscaling.amazonaws.com"
    role = f"role/aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_ECSService"
    target.role_arn = target.role_arn or f"arn:aws:iam::{self.account_id}:{role}"
    target.suspended_state = dict.fromkeys(SUSPENDED, False) | (target.suspended_state or {})
    return target
