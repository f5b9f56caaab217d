"""Translate the number of tasks of a service into `count`, or `scaling` with Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.config.scaling import HIGH, Scaling
from provisioner.migration.ecs import scaling_times
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Workload

METRICS = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "ECSServiceAverageMemoryUtilization": "memory",
    "ALBRequestCountPerTarget": "requests",
}
HIGH_RESOLUTION = "HighResolution"
"""The end of the names of metrics that ECS measures each 20 seconds."""
COOLDOWNS = {"ScaleOutCooldown": "scale_out_cooldown", "ScaleInCooldown": "scale_in_cooldown"}
"""The key for each cooldown of a policy; ECS has 300 seconds for both where a policy names none (Application Auto
Scaling API, TargetTrackingScalingPolicyConfiguration)."""
AWS_COOLDOWN = 300


def fill(workload: Workload) -> None:
    """Write the number of tasks into the table, and note scaling without a counterpart."""
    count = int(workload.raw.get("desiredCount") or 0)
    name = f"service/{workload.answers.name}/{workload.raw.get('serviceName')}"
    scaling = workload.answers.scaling
    target = scaling.targets.get(name)
    if target is None:
        workload.table["count"] = count
        return
    found: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    pauses: dict[str, set[int]] = {key: set() for key in COOLDOWNS.values()}
    for policy in scaling.policies.get(name, ()):
        if followed := _followed(workload, policy):
            metrics |= followed.pop("metrics", {})
            found |= followed
            for cooldown, key in COOLDOWNS.items():
                tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
                pauses[key].add(int(tracking.get(cooldown, AWS_COOLDOWN)))
    found |= {"metrics": metrics} if metrics else {}
    times = scaling_times.carried(workload, scaling.actions.get(name, ()))
    if any((target.get("SuspendedState") or {}).values()):
        workload.leave("scaling", "is suspended in part; here it is not")
    least, most = int(target.get("MinCapacity") or 0), int(target.get("MaxCapacity") or 0)
    if not (found or times) or not most:
        workload.table["count"] = count
        workload.leave("scaling", f"follows nothing that is known here: the {count} of now are written as count")
        return
    if not found:
        workload.tell("scaling", "follows no metric there; here it follows the CPU too, kept at 70 percent")
    returns = metrics or any(one.get("min") for one in times.get("schedule", {}).values())
    if not least and not returns:
        workload.leave("scaling.MinCapacity", "is 0, from which nothing that is carried over would scale out: 1 here")
    least = least if returns else max(least, 1)
    pauses = {key: seconds for key, seconds in pauses.items() if seconds}
    workload.table["scaling"] = {"min": least, "max": most, **found, **_cooldowns(workload, pauses), **times}
    if least < count <= most:
        workload.table["count"] = count


def _cooldowns(workload: Workload, pauses: Mapping[str, set[int]]) -> dict[str, int]:
    """Return the cooldowns that are not the usual ones here: the longest of all policies, which is noted."""
    found = {}
    for key, seconds in pauses.items():
        longest = max(seconds)
        if len(seconds) > 1:
            workload.tell(f"scaling.{key}", f"is {', '.join(map(str, sorted(seconds)))} there; here {longest} for all")
        if longest != Scaling.model_fields[key].default:
            found[key] = longest
    return found


def _followed(workload: Workload, policy: Answer) -> dict[str, Any]:
    """Return a policy's target by the metric's name in `scaling`, with the resolution of a metric that has another one.

    Note settings that are not carried over.
    """
    key = f"scaling.{policy.get('PolicyName')}"
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
    name = str((tracking.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType", ""))
    metric = METRICS.get(name.removesuffix(HIGH_RESOLUTION))
    if own := tracking.get("CustomizedMetricSpecification"):
        return _customized(workload, key, tracking, own)
    if metric is None:
        kind = policy.get("PolicyType") or "a policy"
        workload.leave(key, f"{kind}: tasks follow the average of CPU, memory or requests here, kept at a target")
        return {}
    if metric == "requests" and not workload.table.get("public"):
        workload.leave(key, "follows the requests of a load balancer, and the service is not public here")
        return {}
    if tracking.get("DisableScaleIn"):
        workload.leave(f"{key}.DisableScaleIn", "tasks that are not needed go again here")
    value = float(tracking.get("TargetValue") or 0)
    whole = max(1, round(value))
    if whole != value:
        workload.tell(f"{key}.TargetValue", f"{value:g} is written as {whole}")
    return {metric: whole} | ({"resolution": HIGH} if name.endswith(HIGH_RESOLUTION) else {})


def _customized(workload: Workload, key: str, tracking: Answer, own: Answer) -> dict[str, Any]:
    """Return the target of a metric that is none of the predefined ones, as `response_time` or below `metrics`."""
    dimensions = {str(one["Name"]): str(one["Value"]) for one in own.get("Dimensions") or ()}
    namespace, name, statistic = (str(own.get(member, "")) for member in ("Namespace", "MetricName", "Statistic"))
    target = float(tracking.get("TargetValue") or 0)
    if not name or not target:
        workload.leave(key, "computes its metric from several; here a metric is named by itself")
        return {}
    if (namespace, name, statistic) == ("AWS/ApplicationELB", "TargetResponseTime", "Average"):
        if workload.table.get("public"):
            return {"response_time": target}
        workload.leave(key, "follows a load balancer's response times, and the service is not public here")
        return {}
    if namespace in ("AWS/ApplicationELB", "AWS/ECS", "ECS/ContainerInsights"):
        workload.leave(key, f"follows {namespace} {name} of resources there, which have other names here")
        return {}
    if tracking.get("DisableScaleIn"):
        workload.leave(f"{key}.DisableScaleIn", "tasks that are not needed go again here")
    if own.get("Unit"):
        workload.tell(f"{key}.Unit", f"{own['Unit']} is left out: points of any unit count here")
    metric = {"namespace": namespace, "name": name, "dimensions": dimensions, "statistic": statistic, "target": target}
    return {"metrics": {scaling_times.named(key.partition(".")[2]): metric}}
