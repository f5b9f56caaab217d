"""How many tasks each service has that scales: between its bounds, as many as keep its metrics where they should be."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, step
from provisioner.resources.application_autoscaling import ScalableTarget, ScalingPolicy
from provisioner.steps.load_balancer import LoadBalancing
from provisioner.steps.service_roles import ServiceRoles
from provisioner.steps.services import Services

SCALE_OUT_COOLDOWN, SCALE_IN_COOLDOWN = 60, 300
"""Seconds: quick to grow, slow to shrink."""
METRICS = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}
"""What Application Auto Scaling calls the metrics (its API reference, PredefinedMetricSpecification)."""


@dataclass(frozen=True)
class Scaling:
    """The scalable targets, by service."""

    targets: dict[str, Handle]


@step
def scaling(stack: Stack, service_roles: ServiceRoles, services: Services, load_balancer: LoadBalancing) -> Scaling:
    """Declare the bounds of each service that scales, and a policy for each metric; the number is then autoscaling's.

    With several policies there are as many tasks as the neediest asks for (its user guide, target tracking).
    """
    targets: dict[str, Handle] = {}
    for name, service in stack.config.services.items():
        settings = service.scaling
        if settings is None:
            continue
        # between 0 and 0 there are no tasks, whatever its policies say (API reference, RegisterScalableTarget)
        least, most = (0, 0) if stack.facts.sizes.rests(name) else (settings.min, settings.max)
        target = targets[name] = stack.ensure(
            ScalableTarget(name, services.handles[name].resource_id, least, most),
            after=[*filter(None, [service_roles.task_scaling])],
        )
        for metric, value in settings.targets.items():
            followed = {"PredefinedMetricType": METRICS[metric]}
            if metric == "requests":
                followed["ResourceLabel"] = f"{load_balancer.name}/{load_balancer.targets[name]}"
            tracking = {
                "TargetValue": float(value),
                "PredefinedMetricSpecification": followed,
                "ScaleOutCooldown": SCALE_OUT_COOLDOWN,
                "ScaleInCooldown": SCALE_IN_COOLDOWN,
                "DisableScaleIn": False,
            }
            # the first metric that there was has no name of its own
            called = name if metric == "cpu" else f"{name}.{metric}"
            stack.ensure(ScalingPolicy(called, f"{stack.name}-{name}-{metric}", target.id, tracking))
    return Scaling(targets)
