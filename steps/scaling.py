"""How many tasks each service has: between its bounds, as many as keep the average CPU where it should be."""

from __future__ import annotations

from provisioner import Stack, step
from provisioner.resources.application_autoscaling import ScalableTarget, ScalingPolicy
from provisioner.steps.service_roles import ServiceRoles
from provisioner.steps.services import Services

SCALE_OUT_COOLDOWN, SCALE_IN_COOLDOWN = 60, 300
"""Seconds: quick to grow, slow to shrink."""


@step
def scaling(stack: Stack, service_roles: ServiceRoles, services: Services) -> None:
    """Declare each service's bounds and its policy. From then on the number of tasks is autoscaling's business."""
    for name, service in stack.config.services.items():
        settings = service.scaling
        target = stack.ensure(
            ScalableTarget(name, services.handles[name].resource_id, settings.min, settings.max),
            after=[service_roles.task_scaling],
        )
        tracking = {
            "TargetValue": float(settings.cpu),
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleOutCooldown": SCALE_OUT_COOLDOWN,
            "ScaleInCooldown": SCALE_IN_COOLDOWN,
            "DisableScaleIn": False,
        }
        stack.ensure(ScalingPolicy(name, f"{stack.name}-{name}-cpu", target.id, tracking))
