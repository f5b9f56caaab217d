"""Managed scaling of a capacity provider's group, and Application Auto Scaling of services."""

from __future__ import annotations

import math
from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.responses import ActionResult

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import groups
from ecs_emulator.ecs.container_instances import capacity_of, remaining, size
from ecs_emulator.ecs.placement import fits
from ecs_emulator.ecs.records import NEVER, CapacityProvider
from ecs_emulator.ecs.store import Store, store
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.application_autoscaling import activities, queries, texts
from ecs_emulator.services.application_autoscaling.bounds import check_bounds

_SURPLUS_SECONDS = 900.0
_FROM_ZERO = 2
_REQUESTS = "ALBRequestCountPerTarget"


def scale(kept: Store) -> None:
    """Advance scaling by a round: groups of managed providers, and services outside their scalable targets' bounds."""
    for cluster in kept.clusters.values():
        for name in cluster.attachments:
            provider = kept.providers[name]
            group = kept.autoscaling.autoscaling_groups.get(provider.group_name)
            managed = provider.group["managedScaling"]["status"] == "ENABLED"
            if managed and group is not None and group.status is None and passed(provider.next_look):
                provider.next_look = later(durations.SCALING_LOOK)
                _scale_group(kept, cluster.name, provider, group)
    _bound_services(kept)


def _scale_group(kept: Store, cluster: str, provider: CapacityProvider, group: Any) -> None:
    waiting = [
        task
        for task in kept.tasks_of(cluster)
        if task.provider == provider.name
        and task.next_at == NEVER
        and task.status == "PROVISIONING"
        and task.desired == "RUNNING"
    ]
    if waiting:
        provider.surplus_since = NEVER
        _scale_out(kept, cluster, provider, group, [size(task) for task in waiting])
    else:
        _scale_in(kept, cluster, provider, group)


def _scale_out(kept: Store, cluster: str, provider: CapacityProvider, group: Any, needs: list[tuple[int, int]]) -> None:
    """Launch enough instances for the waiting tasks; at least 2 from zero (developer guide, cluster auto scaling)."""
    known = {one.ec2_id for one in kept.instances_of(cluster)}
    joining = [state for state in group.instance_states if state.instance.id not in known and _stays(state)]
    joined = [one for one in kept.instances_of(cluster) if one.provider == provider.name and one.status == "ACTIVE"]
    smallest = _smallest(kept, group)
    bins = [remaining(kept, one) for one in joined] + [smallest for _ in joining]
    coming = (group.desired_capacity or 0) - sum(map(_stays, group.instance_states))
    bins += [smallest] * max(0, coming)
    extra = 0
    for need in needs:
        if not fits(need, smallest):
            continue  # a task larger than the smallest instance type never lets the group grow
        index = next((number for number, free in enumerate(bins) if fits(need, free)), None)
        if index is None:
            bins.append(smallest)
            extra, index = extra + 1, len(bins) - 1
        cpu, memory, slots = bins[index]
        bins[index] = (cpu - need[0], memory - need[1], slots - 1)
    if not extra:
        return
    settings = provider.group["managedScaling"]
    extra = max(min(extra, settings["maximumScalingStepSize"]), settings["minimumScalingStepSize"])
    former = group.desired_capacity or 0
    desired = math.ceil((former + extra) * 100 / settings["targetCapacity"])
    _change(group, min(group.max_size, max(desired, _FROM_ZERO if former == 0 else 0)))


def _scale_in(kept: Store, cluster: str, provider: CapacityProvider, group: Any) -> None:
    """Remove instances without tasks after 15 minutes; ECS itself lifts their protection."""
    idle = [one for one in kept.instances_of(cluster) if one.provider == provider.name and not kept.tasks_on(one)]
    surplus = min(len(idle), (group.desired_capacity or 0) - group.min_size)
    if surplus <= 0:
        provider.surplus_since = NEVER
        return
    if provider.surplus_since == NEVER:
        provider.surplus_since = later(_SURPLUS_SECONDS)
    if not passed(provider.surplus_since):
        return
    provider.surplus_since = NEVER
    leaving = {one.ec2_id for one in idle[:surplus]}
    protects = provider.group["managedTerminationProtection"] == "ENABLED"
    for state in group.instance_states:
        if protects:
            state.protected_from_scale_in = state.instance.id not in leaving
    _change(group, (group.desired_capacity or 0) - surplus)


def _change(group: Any, desired: int) -> None:
    former = group.desired_capacity
    if desired == former:
        return
    group.desired_capacity = desired
    cause = (
        f"a monitor alarm TargetTracking-{group.name}-AlarmHigh in state ALARM triggered policy "
        f"ECSManagedAutoScalingPolicy changing the desired capacity from {former} to {desired}."
    )
    groups.note(group, f"Executing policy: desired capacity {former} to {desired}", cause, "Successful")


def _stays(state: Any) -> bool:
    return not state.lifecycle_state.startswith("Terminating")


def _smallest(kept: Store, group: Any) -> tuple[int, int, int]:
    """Return the least CPU, memory and ENIs among the group's types (developer guide, managed scaling behavior)."""
    policy = group.mixed_instances_policy or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or []
    types = [one["InstanceType"] for one in overrides if one.get("InstanceType")]
    offered = [capacity_of(kept, one) for one in types or [group.instance_type or "c5.large"]]
    cpu, memory, slots = (min(values) for values in zip(*offered, strict=True))
    return cpu, memory, slots


def _bound_services(kept: Store) -> None:
    from moto.applicationautoscaling.models import applicationautoscaling_backends

    targets = applicationautoscaling_backends[kept.account][kept.region].targets.get("ecs:service:DesiredCount", {})
    for resource, target in targets.items():
        service = kept.services.get(resource.removeprefix("service/"))
        if service is not None and service.status == "ACTIVE":
            desired = max(target.min_capacity or 0, min(target.max_capacity or 0, service.desired))
            if desired != service.desired:
                service.desired = desired
                service.say(f"has been set to a desired count of {desired} by its scalable target.")


@replace(ApplicationAutoscalingBackend, "_ecs_service_exists_for_target")
def service_exists(self: Any, r_id: str) -> bool:
    """Refuse RegisterScalableTarget for a service that is not ACTIVE."""
    service = store(self.account_id, self.region_name).services.get(r_id.removeprefix("service/"))
    if service is None or service.status != "ACTIVE":
        refuse("ValidationException", texts.NO_SERVICE.format(r_id))
    return True


@wrap(ApplicationAutoscalingBackend, "register_scalable_target")
def register_scalable_target(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """Answer RegisterScalableTarget; a new target needs both bounds, in order."""
    known = self._scalable_target_exists(args[1], args[2])
    least, most = kwargs.get("min_capacity"), kwargs.get("max_capacity")
    if not known and (least is None or most is None):
        refuse("ValidationException", "Minimum capacity and maximum capacity are required for a new scalable target.")
    check_bounds(least, most)
    return original(self, *args, **kwargs)


@wrap(ApplicationAutoscalingBackend, "deregister_scalable_target")
def deregister_scalable_target(original: Any, self: Any, namespace: str, r_id: str, dimension: str) -> None:
    """Answer DeregisterScalableTarget, and delete the target's policies and scheduled actions too."""
    if not self._scalable_target_exists(r_id, dimension):
        refuse("ObjectNotFoundException", f"No scalable target found for {namespace}, {r_id}, {dimension}.")
    original(self, namespace, r_id, dimension)
    for policy in [
        one for one in self.policies.values() if (one.resource_id, one.scalable_dimension) == (r_id, dimension)
    ]:
        self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
    self.scheduled_actions = [one for one in self.scheduled_actions if one.resource_id != r_id]


@wrap(ApplicationAutoscalingBackend, "put_scaling_policy")
def put_scaling_policy(
    original: Any,
    self: Any,
    policy_name: str,
    service_namespace: str,
    resource_id: str,
    scalable_dimension: str,
    policy_body: dict[str, Any] | None,
    policy_type: str | None,
) -> Any:
    """Answer PutScalingPolicy; it needs a scalable target. The same name again keeps its ARN and alarms."""
    if not self._scalable_target_exists(resource_id, scalable_dimension):
        refuse(
            "ObjectNotFoundException",
            texts.NO_TARGET.format(service_namespace, resource_id, scalable_dimension),
        )
    if not policy_body:
        refuse("ValidationException", f"{policy_type} needs its policy configuration.")
    _check_metric(self, resource_id, policy_body.get("PredefinedMetricSpecification") or {})
    queries.check(policy_body.get("CustomizedMetricSpecification") or {})
    names = (policy_name, resource_id)
    former = next((one for one in self.policies.values() if (one.policy_name, one.resource_id) == names), None)
    policy = original(self, policy_name, service_namespace, resource_id, scalable_dimension, policy_body, policy_type)
    if former is not None:
        former.delete_alarms(self.account_id, self.region_name)
        policy.policy_arn, policy.creation_time = former.policy_arn, former.creation_time
    return policy


def _check_metric(backend: Any, resource_id: str, metric: dict[str, Any]) -> None:
    """Refuse a label for other metrics than requests; for requests, one without the service's target group.

    API reference, PredefinedMetricSpecification, ResourceLabel; the first sentence is AWS's
    (terraform-aws-autoscaling#192).
    """
    kind, label = metric.get("PredefinedMetricType"), metric.get("ResourceLabel")
    if kind != _REQUESTS:
        if label:
            refuse("ValidationException", f"Resource label must not be specified for predefined metric type {kind}.")
        return
    if not label:
        refuse("ValidationException", f"Resource label should be specified for predefined metric type {kind}")
    service = store(backend.account_id, backend.region_name).services.get(resource_id.removeprefix("service/"))
    attached = [one.get("targetGroupArn", "") for one in service.shape.get("loadBalancers", ())] if service else []
    balancer, middle, group = label.partition("/targetgroup/")
    if not (balancer.startswith("app/") and any(arn.endswith(f":targetgroup/{group}") for arn in attached if middle)):
        refuse("ValidationException", f"The resource label {label} is not valid: no such target group is attached.")


@wrap(ApplicationAutoscalingBackend, "delete_scaling_policy")
def delete_scaling_policy(
    original: Any, self: Any, policy_name: str, service_namespace: str, resource_id: str, scalable_dimension: str
) -> None:
    """Answer DeleteScalingPolicy; refuse an unknown policy with ObjectNotFoundException."""
    keys = {(one.policy_name, one.resource_id, one.scalable_dimension) for one in self.policies.values()}
    if (policy_name, resource_id, scalable_dimension) not in keys:
        refuse("ObjectNotFoundException", f"No scaling policy found: {policy_name}.")
    original(self, policy_name, service_namespace, resource_id, scalable_dimension)


@wrap(ApplicationAutoscalingBackend, "describe_scaling_policies")
def describe_scaling_policies(
    original: Any,
    self: Any,
    service_namespace: str,
    resource_id: str,
    scalable_dimension: str,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Answer DescribeScalingPolicies for the exact resource; moto also takes part of its name."""
    token, found = original(self, service_namespace, resource_id, scalable_dimension, *args, **kwargs)
    return token, [one for one in found if resource_id in (None, one.resource_id)]


@wrap(ApplicationAutoScalingResponse, "describe_scalable_targets")
def describe_response(original: Any, self: Any) -> Any:
    """Answer DescribeScalableTargets for at most 50 resources."""
    if len(self._get_param("ResourceIds") or []) > 50:
        refuse("ValidationException", "The maximum number of resource IDs is 50.")
    return original(self)


@wrap(ApplicationAutoScalingResponse, "register_scalable_target")
def register_response(original: Any, self: Any) -> Any:
    """Answer RegisterScalableTarget; only a new target may get tags (terraform-aws-rds-aurora#420)."""
    of, dimension, tags = map(self._get_param, ("ResourceId", "ScalableDimension", "Tags"))
    there = self.applicationautoscaling_backend.targets.get(dimension, {}).get(of)
    if tags and there:
        refuse(
            "ValidationException",
            "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, "
            "use the TagResource API.",
        )
    answer = original(self)
    if tags:
        _target(self, of, dimension).tags = {**tags}
    return answer


@add(ApplicationAutoScalingResponse, "tag_resource")
def tag_resource(self: Any) -> Any:
    """Answer TagResource for a scalable target."""
    target = _by_arn(self)
    target.tags = {**getattr(target, "tags", {}), **self._get_param("Tags")}
    return ActionResult({})


@add(ApplicationAutoScalingResponse, "untag_resource")
def untag_resource(self: Any) -> Any:
    """Answer UntagResource for a scalable target."""
    target = _by_arn(self)
    keys = self._get_param("TagKeys") or []
    target.tags = {key: value for key, value in getattr(target, "tags", {}).items() if key not in keys}
    return ActionResult({})


@add(ApplicationAutoScalingResponse, "list_tags_for_resource")
def list_tags_for_resource(self: Any) -> Any:
    """Answer ListTagsForResource for a scalable target."""
    return ActionResult({"Tags": getattr(_by_arn(self), "tags", {})})


@add(ApplicationAutoScalingResponse, "describe_scaling_activities")
def describe_scaling_activities(self: Any) -> Any:
    """Answer DescribeScalingActivities."""
    found = activities.of(self.applicationautoscaling_backend, self._get_param("ResourceId"))
    for name in ("ServiceNamespace", "ScalableDimension"):
        wanted = self._get_param(name)
        found = [one for one in found if wanted in (None, one[name])]
    return ActionResult({"ScalingActivities": found})


def _target(response: Any, resource: str, dimension: str) -> Any:
    return response.applicationautoscaling_backend.targets[dimension][resource]


def _by_arn(response: Any) -> Any:
    wanted = response._get_param("ResourceARN")
    dimensions = response.applicationautoscaling_backend.targets.values()
    found = next((one for targets in dimensions for one in targets.values() if one.arn == wanted), None)
    if found is None:
        refuse("ResourceNotFoundException", f"No scalable target found for resource ARN {wanted}.", ResourceName=wanted)
    return found
