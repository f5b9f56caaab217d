"""Target tracking by a customized metric: the number of tasks follows published metrics and the lengths of queues.

AWS's predefined metrics (CPU, memory, requests) scale nothing here. Of the rest of the rules AWS documents that a
service scales out in proportion and in more slowly, between its bounds, not without data, and with cooldowns (user
guide, "How target tracking scaling works"; ECS developer guide, "Use a target metric to scale Amazon ECS services");
its alarms look at 3 minutes above the target, and at 15 below nine tenths of it, as published alarms show. From no task
the first demand brings one, "the minimum possible amount" (ECS developer guide, in aws/copilot-cli#3054), and after the
same 3 minutes (aws/copilot-cli#3376).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    applicationautoscaling_backends,
)
from moto.cloudwatch.models import cloudwatch_backends

from ecs_emulator import durations
from ecs_emulator.clock import CLOCK, later, passed
from ecs_emulator.ecs.store import Store, store
from ecs_emulator.patch import on_reset, wrap
from ecs_emulator.services.application_autoscaling import activities
from ecs_emulator.services.cloudwatch import measured, metric_math, traffic

MINUTE = 60
HIGH, LOW = 3, 15
"""Minutes above the target before tasks are added, and below it before tasks are taken away."""
_BELOW = 0.9
_COOLDOWN = 300.0
"""Seconds where a policy names no cooldown (API reference, TargetTrackingScalingPolicyConfiguration, for ECS)."""
_COUNTED = ("AWS/ECS", "CPUUtilization", "SampleCount")
_RUNNING = {"Namespace": measured.INSIGHTS, "MetricName": "RunningTaskCount"}
_due: dict[tuple[str, str], tuple[float, int]] = {}
"""By account and Region: the time of the next look, and the minute at which its data end."""
_rests: dict[tuple[str, str], float] = {}
"""By ARN of the policy and ScaleOutCooldown or ScaleInCooldown: the time until which it changes nothing that way."""


@on_reset
def forget() -> None:
    """Drop all planned looks and pauses."""
    for kept in (_due, _rests):
        kept.clear()


@wrap(FakeApplicationAutoscalingPolicy, "create_alarms")
def create_alarms(original: Any, self: Any) -> None:
    """PutScalingPolicy: let the alarms of a metric of one's own follow that metric, and plan the first look."""
    original(self)
    tracking = self.target_tracking_scaling_policy_configuration or {}
    metric = tracking.get("CustomizedMetricSpecification")
    if not metric:
        return
    _plan(self.account_id, self.region_name)
    if metric.get("Metrics"):
        # an alarm of metric math has no metric of its own
        for alarm in self.alarms:
            alarm.namespace = alarm.metric_name = alarm.statistic = None
            alarm.dimensions = []
        return
    for alarm in self.alarms:
        alarm.namespace, alarm.metric_name = metric.get("Namespace"), metric.get("MetricName")
        alarm.statistic, alarm.unit = metric.get("Statistic"), metric.get("Unit")
        alarm.threshold = tracking["TargetValue"] * (1 if "AlarmHigh" in alarm.name else _BELOW)
        alarm.dimensions = [
            type(alarm.dimensions[0])(one["Name"], one["Value"]) for one in metric.get("Dimensions", ())
        ]


def settle() -> None:
    """Look at the metrics that policies follow, where it is time to. The caller holds the cloud's lock."""
    for (account, region), (_, end) in [(key, due) for key, due in _due.items() if passed(due[0])]:
        del _due[account, region]
        backend, kept = applicationautoscaling_backends[account][region], store(account, region)
        by_resource: dict[str, list[Any]] = {}
        for policy in _followed(backend):
            by_resource.setdefault(policy.resource_id, []).append(policy)
        for resource, policies in by_resource.items():
            _scale(backend, kept, resource, policies, end)
        if by_resource:
            _plan(account, region)


def _plan(account: str, region: str) -> None:
    if (account, region) not in _due:
        end = int(CLOCK.time()) // MINUTE + 1
        known_after = CLOCK.durations.seconds(durations.METRIC_POINT)
        _due[account, region] = later(end * MINUTE - CLOCK.time() + known_after), end


def _followed(backend: ApplicationAutoscalingBackend) -> Iterator[Any]:
    for policy in [*backend.policies.values()]:
        tracking = policy.target_tracking_scaling_policy_configuration or {}
        metric = tracking.get("CustomizedMetricSpecification") or {}
        if metric.get("MetricName") or metric.get("Metrics"):
            yield policy


def _scale(backend: Any, kept: Store, resource: str, policies: list[Any], end: int) -> None:
    """Give a service the largest number that a policy asks for; a smaller one than now only if all ask for one."""
    service = kept.services.get(resource.removeprefix("service/"))
    target = backend.targets.get("ecs:service:DesiredCount", {}).get(resource)
    if service is None or service.status != "ACTIVE" or target is None:
        return
    asked = {policy.policy_name: _number(backend, policy, service.desired, end) for policy in policies}
    policy = max(policies, key=lambda one: asked[one.policy_name])
    number = max(target.min_capacity, min(target.max_capacity, asked[policy.policy_name]))
    cooldown = "ScaleOutCooldown" if number > service.desired else "ScaleInCooldown"
    halted = f"DynamicScaling{'Out' if number > service.desired else 'In'}Suspended"
    rests = _rests.get((policy.policy_arn, cooldown), 0.0) > CLOCK.time()
    if number == service.desired or rests or (target.suspended_state or {}).get(halted):
        return
    pause = (policy.target_tracking_scaling_policy_configuration or {}).get(cooldown, _COOLDOWN)
    _rests[policy.policy_arn, cooldown] = CLOCK.time() + pause
    service.desired = number
    alarm = "AlarmHigh" if cooldown == "ScaleOutCooldown" else "AlarmLow"
    cause = f"monitor alarm TargetTracking-{resource}-{alarm} in state ALARM triggered policy {policy.policy_name}"
    service.say(f"Message: Successfully set desired count to {number}. Cause: {cause}")
    activities.note(backend, resource, f"Setting desired count to {number}", cause)


def _number(backend: Any, policy: Any, now: int, end: int) -> int:
    """Return the number of tasks that a policy asks for; the present one while its alarms are quiet."""
    tracking = policy.target_tracking_scaling_policy_configuration
    values = [_value(backend, tracking["CustomizedMetricSpecification"], minute) for minute in range(end - LOW, end)]
    known, target = [one for one in values if one is not None], float(tracking["TargetValue"])
    if len(known) < HIGH or values[-1] is None:
        return now
    if all(one is not None and one > target for one in values[-HIGH:]):
        return max(now + 1, math.ceil(now * values[-1] / target))
    low = len(known) == LOW and all(one < target * _BELOW for one in known)
    return math.ceil(now * values[-1] / target) if low and not tracking.get("DisableScaleIn") else now


def _value(backend: Any, metric: Mapping[str, Any], minute: int) -> float | None:
    """Return a metric's value in a minute, counted from the epoch; None without data."""
    if not metric.get("Metrics"):
        return _point(backend, metric, metric["Statistic"], minute)
    values: dict[str, float | None] = {}
    wanted = ""
    # an expression may name queries that come after it
    for query in sorted(metric["Metrics"], key=lambda one: "Expression" in one):
        if stat := query.get("MetricStat"):
            values[query["Id"]] = _point(backend, stat["Metric"], stat["Stat"], minute)
        else:
            try:
                values[query["Id"]] = metric_math.value(query["Expression"], values)
            except metric_math.Unknown:
                return None
        if query.get("ReturnData", True):
            wanted = query["Id"]
    return values.get(wanted)


def _point(backend: Any, metric: Mapping[str, Any], statistic: str, minute: int) -> float | None:
    """Return a statistic of one metric in a minute: measured, or as it was published."""
    account, region = backend.account_id, backend.region_name
    if (metric["Namespace"], metric["MetricName"], statistic) == _COUNTED:
        # a task has a point of CPU a minute, and no task none (ECS developer guide, "RUNNING task count")
        tasks = _point(backend, {**metric, **_RUNNING}, "Average", minute)
        return tasks or None
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
    found = measured.source(store(account, region), metric["Namespace"], metric["MetricName"], dimensions)
    if found is not None:
        return found(statistic, [minute])
    told = [
        one.value
        for one in cloudwatch_backends[account][region].metric_data
        if (one.namespace, one.name) == (metric["Namespace"], metric["MetricName"])
        and {each.name: each.value for each in one.dimensions} == dimensions
        and hasattr(one, "value")
        and int(_utc(one.timestamp).timestamp()) // MINUTE == minute
    ]
    return traffic.of_values(statistic, told)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
