"""Service auto scaling: keep each service's metrics near their targets by its number of tasks, between two bounds."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, ready, step
from provisioner.config.services import MEASURED
from provisioner.resources.application_autoscaling import ScalableTarget, ScalingPolicy
from provisioner.steps.load_balancer import LoadBalancing
from provisioner.steps.service_roles import ServiceRoles
from provisioner.steps.services import Services

METRICS = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}
"""The metrics' names in Application Auto Scaling (its API reference, PredefinedMetricSpecification)."""
HIGH_RESOLUTION = {metric: f"{METRICS[metric]}HighResolution" for metric in MEASURED}


@dataclass(frozen=True)
class Scaling:
    """The scalable targets, by service."""

    targets: dict[str, Handle]


@step
def scaling(stack: Stack, service_roles: ServiceRoles, services: Services, load_balancer: LoadBalancing) -> Scaling:
    """Declare each scaling service's bounds, and a policy for each metric; auto scaling then sets the number of tasks.

    With several policies the largest number counts (its user guide, target tracking). A metric of high resolution has
    no data before all tasks of the service are measured so, which takes a deployment (ECS developer guide, "Faster auto
    scaling with high-resolution metrics").
    """
    targets: dict[str, Handle] = {}
    for name, service in stack.config.services.items():
        settings = service.scaling
        if settings is None:
            continue
        # between 0 and 0 there are no tasks under any policy (API reference, RegisterScalableTarget)
        least, most = (0, 0) if stack.facts.sizes.rests(name) else (settings.min, settings.max)
        target = targets[name] = stack.ensure(
            ScalableTarget(name, services.handles[name].resource_id, least, most),
            after=[*filter(None, [service_roles.task_scaling])],
        )
        names = METRICS | (HIGH_RESOLUTION if settings.high_resolution else {})
        measured = [ready(services.handles[name])] if settings.high_resolution else []
        for metric, value in settings.targets.items():
            followed = {"PredefinedMetricType": names[metric]}
            if metric == "requests":
                followed["ResourceLabel"] = f"{load_balancer.name}/{load_balancer.targets[name]}"
            tracking = {
                "TargetValue": float(value),
                "PredefinedMetricSpecification": followed,
                "ScaleOutCooldown": settings.scale_out_cooldown,
                "ScaleInCooldown": settings.scale_in_cooldown,
                "DisableScaleIn": False,
            }
            # `cpu` was the first metric: its policy has the service's name alone
            called = name if metric == "cpu" else f"{name}.{metric}"
            policy = ScalingPolicy(called, f"{stack.name}-{name}-{metric}", target.id, tracking)
            stack.ensure(policy, after=measured)
    return Scaling(targets)
