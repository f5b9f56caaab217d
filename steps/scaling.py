"""Service auto scaling: keep each service's metrics near their targets by its number of tasks, between two bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Handle, Stack, ready, step
from provisioner.config.queues import name_of
from provisioner.config.scaling import BACKLOG, MEASURED, Backlog
from provisioner.resources.application_autoscaling import ScalableTarget, ScalingPolicy, ScheduledAction
from provisioner.steps.load_balancer import LoadBalancing
from provisioner.steps.service_roles import ServiceRoles
from provisioner.steps.services import Services

METRICS = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}
"""The metrics' names in Application Auto Scaling (its API reference, PredefinedMetricSpecification)."""
RESPONSES = "AWS/ApplicationELB"
"""The namespace of the load balancer's metrics (User Guide for Application Load Balancers, CloudWatch metrics)."""
SQS = "AWS/SQS"
"""The namespace of the queues' metrics (SQS developer guide, "Available CloudWatch metrics for Amazon SQS")."""
HIGH_RESOLUTION = {metric: f"{METRICS[metric]}HighResolution" for metric in MEASURED}


@dataclass(frozen=True)
class Scaling:
    """The scalable targets, by service."""

    targets: dict[str, Handle]


@step
def scaling(stack: Stack, service_roles: ServiceRoles, services: Services, load_balancer: LoadBalancing) -> Scaling:
    """Declare each scaling service's bounds, times with other bounds, and a policy for each metric.

    Auto scaling then sets the number of tasks. With several policies the largest number counts (its user guide, target
    tracking). A metric of high resolution has no data before all tasks of the service are measured so, which takes a
    deployment (ECS developer guide, "Faster auto scaling with high-resolution metrics").
    """
    targets: dict[str, Handle] = {}
    for name, service in stack.config.services.items():
        settings = service.scaling
        if settings is None:
            continue
        # between 0 and 0 there are no tasks under any policy (API reference, RegisterScalableTarget)
        rests = stack.facts.sizes.rests(name)
        # what the last scheduled action has set, so that no run in the daytime brings the night's bounds back
        least, most = (0, 0) if rests else settings.bounds(stack.facts.now)
        target = targets[name] = stack.ensure(
            ScalableTarget(name, services.handles[name].resource_id, least, most),
            after=[*filter(None, [service_roles.task_scaling])],
        )
        for called, time in settings.schedule.items():
            # a scheduled action would start a service that a command has stopped
            least, most = (0, 0) if rests else settings.from_then(called)
            stack.ensure(
                ScheduledAction(f"{name}.{called}", called, target.id, time.at, settings.timezone, least, most)
            )
        measured = [ready(services.handles[name])] if settings.high_resolution else []
        for metric, value, followed in _followed(stack, name, load_balancer):
            tracking = {
                "TargetValue": value,
                **followed,
                "ScaleOutCooldown": settings.scale_out_cooldown,
                "ScaleInCooldown": settings.scale_in_cooldown,
                "DisableScaleIn": False,
            }
            # `cpu` was the first metric: its policy has the service's name alone
            called = name if metric == "cpu" else f"{name}.{metric}"
            policy = ScalingPolicy(called, f"{stack.name}-{name}-{metric}", target.id, tracking)
            stack.ensure(policy, after=measured)
    return Scaling(targets)


def _followed(stack: Stack, name: str, load_balancer: LoadBalancing) -> Iterator[tuple[str, float, Mapping[str, Any]]]:
    """Yield the metrics that a service follows: the name, the target, and the specification for AWS."""
    settings = stack.config.services[name].scaling
    if settings is None:
        return
    names = METRICS | (HIGH_RESOLUTION if settings.high_resolution else {})
    for metric, value in settings.targets.items():
        if metric == "response_time":
            dimensions = {"LoadBalancer": str(load_balancer.name), "TargetGroup": load_balancer.targets[name]}
            yield metric, float(value), _specified(RESPONSES, "TargetResponseTime", dimensions, "Average")
            continue
        followed = {"PredefinedMetricType": names[metric]}
        if metric == "requests":
            followed["ResourceLabel"] = f"{load_balancer.name}/{load_balancer.targets[name]}"
        yield metric, float(value), {"PredefinedMetricSpecification": followed}
    if settings.backlog:
        yield BACKLOG, float(settings.backlog.per_task), _backlog(stack, name, settings.backlog)
    for called, own in settings.metrics.items():
        yield called, own.target, _specified(own.namespace, own.name, own.dimensions, own.statistic)


def _backlog(stack: Stack, service: str, settings: Backlog) -> Mapping[str, Any]:
    """Return the specification of the messages for each task of a service, waiting ones and those under way.

    It is AWS's metric math for it (Application Auto Scaling user guide, "Amazon SQS queue backlog per task"), with two
    changes: messages under way count as well, so that no last task goes while it works; and without tasks one message
    is more than the target, which brings the first (aws/copilot-cli#3376 is what happens else).
    """
    queue = {"QueueName": name_of(stack.name, settings.queue, fifo=stack.config.queues[settings.queue].fifo)}
    tasks = {"ClusterName": stack.name, "ServiceName": service}
    counted = (
        _query("tasks", "ECS/ContainerInsights", "RunningTaskCount", tasks, "Average")
        if stack.config.logs.insights
        # each task has a point of CPU a minute (ECS developer guide, "Amazon ECS service RUNNING task count")
        else _query("tasks", "AWS/ECS", "CPUUtilization", tasks, "SampleCount")
    )
    return {
        "CustomizedMetricSpecification": {
            "Metrics": [
                _query("waiting", SQS, "ApproximateNumberOfMessagesVisible", queue, "Maximum"),
                _query("underway", SQS, "ApproximateNumberOfMessagesNotVisible", queue, "Maximum"),
                counted,
                {"Id": "running", "Expression": "FILL(tasks, 0)", "ReturnData": False},
                {
                    "Id": "backlog",
                    "Expression": "(waiting + underway) "
                    f"* IF(running > 0, 1, {settings.per_task + 1}) / IF(running > 0, running, 1)",
                    "ReturnData": True,
                },
            ]
        }
    }


def _query(id: str, namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str) -> Mapping[str, Any]:
    """Return the query of one metric in metric math."""
    named = [{"Name": key, "Value": dimensions[key]} for key in sorted(dimensions)]
    return {
        "Id": id,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": named},
            "Stat": statistic,
        },
        "ReturnData": False,
    }


def _specified(namespace: str, name: str, dimensions: Mapping[str, str], statistic: str) -> Mapping[str, Any]:
    """Return the specification of a metric that is none of the predefined ones."""
    return {
        "CustomizedMetricSpecification": {
            "MetricName": name,
            "Namespace": namespace,
            "Dimensions": [{"Name": key, "Value": dimensions[key]} for key in sorted(dimensions)],
            "Statistic": statistic,
        }
    }
