"""The resolution of a service's metrics: its member of CreateService and UpdateService, and their refusals.

Sources: API reference, `MonitoringConfiguration` and `MetricConfiguration`; ECS developer guide, "Faster auto scaling
with high-resolution metrics": a change is a deployment, and only DescribeServiceRevisions shows it. AWS's messages are
not public.
"""

from __future__ import annotations

from ecs_emulator.ecs.records import Shape
from ecs_emulator.patch import refuse

MEMBER = "monitoring"
_METRICS = ("CPUUtilization", "MemoryUtilization")
_RESOLUTIONS = (20, 60)


def check(shape: Shape) -> None:
    """Refuse unknown metrics and resolutions, a metric that is configured twice, and another controller than ECS's."""
    configured = (shape.get(MEMBER) or {}).get("metricConfigurations") or []
    names = [name for one in configured for name in one["metricNames"]]
    for name in names:
        if name not in _METRICS:
            refuse("InvalidParameterException", f"The metric {name} is not valid. Use {' or '.join(_METRICS)}.")
        if names.count(name) > 1:
            refuse("InvalidParameterException", f"The metric {name} is configured more than once.")
    for one in configured:
        if one["resolutionSeconds"] not in _RESOLUTIONS:
            refuse("InvalidParameterException", f"resolutionSeconds must be 20 or 60, not {one['resolutionSeconds']}.")
    if configured and (controller := shape["deploymentController"]["type"]) != "ECS":
        refuse("InvalidParameterException", f"monitoring is not supported with the {controller} deployment controller.")
