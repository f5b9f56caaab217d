"""EC2 Auto Scaling: refuse invalid requests, and answer operations that moto lacks or answers wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from ecs_emulator.ecs import groups
from ecs_emulator.ecs.group_settings import check_settings
from ecs_emulator.ecs.records import Shape
from ecs_emulator.ecs.store import store
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.autoscaling import texts as autoscaling_texts
from ecs_emulator.services.ec2 import texts as ec2_texts
from ecs_emulator.services.iam.rules import known_elsewhere

_TEMPLATE = "You must use a valid fully-formed launch template. "
_NAMED_GROUP = (
    ("suspend_processes", 0),
    ("resume_processes", 0),
    ("create_lifecycle_hook", 1),
    ("attach_instances", 0),
    ("detach_instances", 0),
    ("enable_metrics_collection", 0),
    ("attach_load_balancer_target_groups", 0),
    ("describe_load_balancer_target_groups", 0),
    ("detach_load_balancer_target_groups", 0),
)


def require(backend: Any, name: str | None) -> Any:
    """Return the group with that name; refuse an unknown name with ValidationError."""
    group = backend.autoscaling_groups.get(name)
    if group is None:
        refuse("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    return group


@wrap(AutoScalingBackend, "create_auto_scaling_group")
def create_auto_scaling_group(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Answer CreateAutoScalingGroup; refuse a taken name, invalid sizes and a broken launch template."""
    if name in self.autoscaling_groups:
        refuse(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )
    _check_sizes(kwargs.get("min_size"), kwargs.get("max_size"), kwargs.get("desired_capacity"))
    with _in_its_words(kwargs):
        group = original(self, name, *args, **kwargs)
    try:
        check_template(self, group)
    except ServiceException:
        del self.autoscaling_groups[name]
        raise
    return group


@wrap(AutoScalingBackend, "update_auto_scaling_group")
def update_auto_scaling_group(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Answer UpdateAutoScalingGroup; members that are not given stay, the mixed instances policy too."""
    group = require(self, name)
    _refuse_deleting(group)
    least, most = kwargs.get("min_size"), kwargs.get("max_size")
    _check_sizes(
        group.min_size if least is None else least,
        group.max_size if most is None else most,
        kwargs.get("desired_capacity"),
    )
    policy = group.mixed_instances_policy
    desired = group.desired_capacity if kwargs.get("desired_capacity") is None else kwargs["desired_capacity"]
    with _in_its_words(kwargs):
        original(self, name, *args, **kwargs)
    if not kwargs.get("mixed_instances_policy") and not kwargs.get("launch_template"):
        group.mixed_instances_policy = policy
    group.desired_capacity = max(group.min_size, min(group.max_size, desired))
    check_template(self, group)
    return group


@replace(AutoScalingBackend, "delete_auto_scaling_group")
def delete_auto_scaling_group(self: Any, group_name: str) -> None:
    """Answer DeleteAutoScalingGroup without force."""
    _delete(self, group_name, force=False)


def _delete(self: Any, group_name: str, *, force: bool) -> None:
    """Delete a group; refuse it while the group has instances. With `force`, terminate them."""
    group = require(self, group_name)
    if group.status is not None:
        return
    if group.instance_states and not force:
        refuse(
            "ResourceInUse",
            autoscaling_texts.GROUP_HAS_INSTANCES,
        )
    groups.begin_delete(store(self.account_id, self.region_name), group)


@wrap(AutoScalingBackend, "set_instance_protection")
def set_instance_protection(
    original: Any, self: Any, group_name: str, instance_ids: list[str], protected_from_scale_in: bool
) -> None:
    """Answer SetInstanceProtection for at most 50 instances of the group that are in service or standby."""
    group = require(self, group_name)
    if len(instance_ids) > 50:
        refuse("ValidationError", "Member must have length less than or equal to 50 (InstanceIds).")
    known = {state.instance.id: state.lifecycle_state for state in group.instance_states}
    for instance_id in instance_ids:
        if instance_id not in known:
            refuse("ValidationError", f"The instance {instance_id} is not part of Auto Scaling group {group_name}.")
        if known[instance_id] not in ("InService", "EnteringStandby", "Standby"):
            message = autoscaling_texts.INSTANCE_NOT_IN_SERVICE.format(instance_id)
            refuse("ValidationError", message)
    original(self, group_name, instance_ids, protected_from_scale_in)


@replace(AutoScalingBackend, "set_desired_capacity")
def set_desired_capacity(self: Any, group_name: str, desired_capacity: int | None) -> None:
    """Answer SetDesiredCapacity; refuse a capacity outside the group's sizes."""
    group = require(self, group_name)
    _refuse_deleting(group)
    desired = desired_capacity or 0
    if desired > group.max_size:
        refuse(
            "ValidationError",
            f"New SetDesiredCapacity value {desired} is above max value {group.max_size} for the AutoScalingGroup.",
        )
    if desired < group.min_size:
        refuse(
            "ValidationError",
            f"New SetDesiredCapacity value {desired} is below min value {group.min_size} for the AutoScalingGroup.",
        )
    group.desired_capacity = desired


@replace(AutoScalingBackend, "terminate_instance")
def terminate_instance(self: Any, instance_id: str, should_decrement: bool) -> Shape:
    """Answer TerminateInstanceInAutoScalingGroup; protection from scale-in does not count here."""
    members = ((group, state) for group in self.autoscaling_groups.values() for state in group.instance_states)
    found = next(((group, state) for group, state in members if state.instance.id == instance_id), None)
    if found is None:
        refuse("ValidationError", f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
    group, state = found
    if should_decrement:
        group.desired_capacity = max(group.min_size, group.desired_capacity - 1)
    cause = f"Instance {instance_id} was taken out of service in response to a user request."
    return groups.terminate(store(self.account_id, self.region_name), group, state, cause)


@replace(AutoScalingBackend, "notify_terminate_instances")
def notify_terminate_instances(self: Any, instance_ids: list[str]) -> None:
    """Do nothing at once: the group notices terminated instances by its health checks."""


@wrap(AutoScalingBackend, "create_or_update_tags")
def create_or_update_tags(original: Any, self: Any, tags: list[Shape]) -> None:
    """Answer CreateOrUpdateTags; refuse tags of groups that do not exist."""
    for tag in tags:
        require(self, tag.get("ResourceId"))
    original(self, tags)


@wrap(AutoScalingBackend, "delete_tags")
def delete_tags(original: Any, self: Any, tags: list[Shape]) -> None:
    """Answer DeleteTags; refuse tags of groups that do not exist."""
    for tag in tags:
        require(self, tag.get("ResourceId"))
    original(self, tags)


@wrap(AutoScalingResponse, "create_auto_scaling_group")
def create_response(original: Any, self: Any) -> Any:
    """Answer CreateAutoScalingGroup, and keep the settings that moto drops."""
    check_settings(self.params)
    answer = original(self)
    _keep_settings(self)
    return answer


@wrap(AutoScalingResponse, "update_auto_scaling_group")
def update_response(original: Any, self: Any) -> Any:
    """Answer UpdateAutoScalingGroup, and keep the settings that moto drops."""
    check_settings(self.params)
    answer = original(self)
    _keep_settings(self)
    return answer


@replace(AutoScalingResponse, "delete_auto_scaling_group")
def delete_response(self: Any) -> Any:
    """Answer DeleteAutoScalingGroup with ForceDelete, which moto does not read."""
    force = self._get_bool_param("ForceDelete", False)
    _delete(self.autoscaling_backend, self._get_param("AutoScalingGroupName"), force=force)
    return EmptyResult()


@add(AutoScalingResponse, "disable_metrics_collection")
def disable_metrics_collection(self: Any) -> Any:
    """Answer DisableMetricsCollection for the named metrics, or for all."""
    group = require(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    named = self._get_param("Metrics", [])
    group.metrics = [metric for metric in group.metrics if named and metric not in named]
    return EmptyResult()


@replace(AutoScalingResponse, "describe_scaling_activities")
def describe_scaling_activities(self: Any) -> Any:
    """Answer DescribeScalingActivities: newest first, of one group or of all."""
    name = self._get_param("AutoScalingGroupName")
    backend = self.autoscaling_backend
    chosen = [require(backend, name)] if name else backend.autoscaling_groups.values()
    wanted = self._get_param("ActivityIds", [])
    found = [
        activity for group in chosen for activity in group.activities if not wanted or activity["ActivityId"] in wanted
    ]
    found.sort(key=lambda activity: activity["StartTime"], reverse=True)
    return ActionResult({"Activities": found})


def check_template(backend: Any, group: FakeAutoScalingGroup) -> None:
    """Refuse a group whose launch template names missing resources (AWS finds them by a dry run)."""
    template = group.ec2_launch_template
    if template is None:
        return
    with _in_its_words({}):
        data = template.get_version(group.launch_template_version).data
    profile = data.get("IamInstanceProfile") or {}
    name = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
    kept = store(backend.account_id, backend.region_name)
    if profile and name not in {one.name for one in kept.iam.instance_profiles.values() if known_elsewhere(one)}:
        refuse(
            "ValidationError",
            f"{_TEMPLATE}Value ({name}) for parameter iamInstanceProfile.name is invalid. "
            "Invalid IAM Instance Profile name",
        )
    for group_id in data.get("SecurityGroupIds") or []:
        if kept.ec2.get_security_group_from_id(group_id) is None:
            refuse("ValidationError", f"{_TEMPLATE}The security group '{group_id}' does not exist")


@contextmanager
def _in_its_words(kwargs: Shape) -> Iterator[None]:
    """Turn other services' errors about a group's parts into Auto Scaling's ValidationError."""
    try:
        yield
    except ServiceException as error:
        if "LaunchTemplate" in error.code:
            refuse("ValidationError", _TEMPLATE + error.message)
        if error.code.startswith("InvalidSubnet"):
            refuse("ValidationError", ec2_texts.NO_SUBNET.format(kwargs.get("vpc_zone_identifier")))
        if error.code == "TargetGroupNotFound":
            refuse(
                "ValidationError", "Provided Target Groups may not be valid. Please ensure they exist and try again."
            )
        raise


def _check_sizes(least: int | None, most: int | None, desired: int | None) -> None:
    if least is not None and most is not None and least > most:
        refuse("ValidationError", f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if desired is not None and not (least or 0) <= desired <= (most or 0):
        refuse(
            "ValidationError",
            f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}",
        )


def _refuse_deleting(group: Any) -> None:
    if group.status is not None:
        refuse("ScalingActivityInProgress", f"AutoScalingGroup {group.name} is pending deletion.")


def _keep_settings(response: Any) -> None:
    params = response._get_params()
    group = response.autoscaling_backend.autoscaling_groups[params["AutoScalingGroupName"]]
    names = {
        "DefaultInstanceWarmup": "default_instance_warmup",
        "MaxInstanceLifetime": "max_instance_lifetime",
        "DesiredCapacityType": "desired_capacity_type",
        "Context": "context",
        "DefaultCooldown": "default_cooldown",
        "CapacityRebalance": "capacity_rebalance",
        "TerminationPolicies": "termination_policies",
    }
    for given, kept in names.items():
        if given in params:
            setattr(group, kept, params[given])


def _named(method: str, position: int) -> None:
    @wrap(AutoScalingBackend, method)
    def checked(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        names = [*args, None, None]
        require(self, kwargs.get("as_name") or kwargs.get("group_name") or names[position])
        return original(self, *args, **kwargs)


for _method, _position in _NAMED_GROUP:
    _named(_method, _position)
