"""EC2 Auto Scaling groups that launch and terminate instances over time as AWS does, on top of moto's groups."""

from __future__ import annotations

import copy
import uuid
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.core.exceptions import ServiceException
from moto.core.types import Base64EncodedString
from moto.ec2.models import EC2Backend

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import refreshes
from ecs_emulator.ecs.managed import DRAINING_HOOK
from ecs_emulator.ecs.records import ContainerInstance, Shape, now
from ecs_emulator.ecs.store import Store, store
from ecs_emulator.patch import refuse, replace

_BACK_OFF_SECONDS = 30.0
_ACTIVITIES_KEPT = 100

# the template version that an instance was launched from; moto answers its group's present one
replace(InstanceState, "launch_template")(property(lambda state: getattr(state, "launched_from", None)))


@replace(FakeAutoScalingGroup, "set_desired_capacity")
def set_desired_capacity(self: Any, new_capacity: int | None) -> None:
    """Store the wanted number only: `settle` launches and terminates, so that callers see it happen."""
    self.desired_capacity = self.min_size if new_capacity is None else new_capacity
    if not hasattr(self, "activities"):
        self.activities, self.retry_at, self.status = [], 0.0, None
        store(self.account_id, self.region)


@replace(EC2Backend, "terminate_instances")
def terminate_instances(self: Any, instance_ids: list[str]) -> list[tuple[Any, Any]]:
    """Answer TerminateInstances: instances are `shutting-down` for a while and keep their interfaces meanwhile."""
    if not instance_ids:
        refuse("InvalidParameterCombination", "No instances specified")
    answer = []
    for instance in self.get_multi_instances_by_id(instance_ids):
        if instance.disable_api_termination is True:
            refuse(
                "OperationNotPermitted",
                f"The instance '{instance.id}' may not be terminated. Modify its 'disableApiTermination' instance "
                "attribute and try again.",
            )
        answer.append((instance, copy.copy(instance._state)))
        if instance.state not in ("shutting-down", "terminated"):
            instance._state.name, instance._state.code = "shutting-down", 32
            instance.ends_at = later(durations.INSTANCE_SHUTDOWN)
    store(self.account_id, self.region_name)
    return answer


def settle(kept: Store) -> None:
    """Advance the instances and groups of a Region by one round."""
    for instance in kept.ec2.all_instances():
        _settle_instance(instance)
    for group in list(kept.autoscaling.autoscaling_groups.values()):
        _settle_members(kept, group)
        for state in refreshes.step(group):
            cause = f"At {_stamp()} an instance was taken out of service in response to an instance refresh."
            terminate(kept, group, state, cause)
        if group.status is not None:
            if not group.instance_states and passed(group.gone_at):
                kept.autoscaling.autoscaling_groups.pop(group.name, None)
                _forget(kept, group.name)
        elif passed(group.retry_at):
            _approach(kept, group)


def terminate(kept: Store, group: Any, state: Any, cause: str, *, hooks: bool = True) -> Shape:
    """Take an instance out of a group; with the draining hook it waits until its tasks are gone."""
    hooked = hooks and f"{group.name}_{DRAINING_HOOK}" in kept.autoscaling.lifecycle_hooks
    instance = member(kept, state.instance.id)
    if hooked and instance is not None:
        state.lifecycle_state = "Terminating:Wait"
        instance.status = "DRAINING"
    else:
        state.lifecycle_state = "Terminating"
        kept.ec2.terminate_instances([state.instance.id])
    activity = note(group, f"Terminating EC2 instance: {state.instance.id}", cause, "InProgress")
    state.activity = activity
    return activity


def begin_delete(kept: Store, group: Any) -> None:
    """Begin to delete a group: it disappears once its instances are terminated. Lifecycle hooks do not count."""
    group.status, group.gone_at = "Delete in progress", later(durations.GROUP_DELETE)
    group.min_size = group.desired_capacity = 0
    for state in group.instance_states:
        if state.lifecycle_state != "Terminating":
            cause = f"At {_stamp()} a user request force deleted AutoScaling group {group.name}."
            terminate(kept, group, state, cause, hooks=False)


def note(group: Any, description: str, cause: str, status: str, message: str = "") -> Shape:
    """Record a scaling activity, newest first."""
    activity: Shape = {
        "ActivityId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": description,
        "Cause": cause,
        "StartTime": now(),
        "StatusCode": status,
        "Progress": 0 if status == "InProgress" else 100,
        "Details": f'{{"Availability Zone":"{group.availability_zones[0]}"}}',
    }
    if message:
        activity |= {"StatusMessage": message, "EndTime": now()}
    group.activities.insert(0, activity)
    del group.activities[_ACTIVITIES_KEPT:]
    return activity


def member(kept: Store, ec2_id: str) -> ContainerInstance | None:
    """Return the registered container instance of an EC2 instance, or None."""
    found = (one for one in kept.instances.values() if one.ec2_id == ec2_id and not one.gone)
    return next(found, None)


def _settle_instance(instance: Any) -> None:
    if instance.state == "pending" and passed(instance.runs_at):
        instance._state.name, instance._state.code = "running", 16
    elif instance.state == "shutting-down" and passed(instance.ends_at):
        instance.terminate()


def _settle_members(kept: Store, group: Any) -> None:
    for state in list(group.instance_states):
        instance = state.instance
        if state.lifecycle_state == "Pending" and instance.state == "running":
            state.lifecycle_state = "InService"
            _finish(state.activity)
        elif state.lifecycle_state == "Terminating:Wait":
            host = member(kept, instance.id)
            if host is None or not kept.tasks_on(host):
                state.lifecycle_state = "Terminating:Proceed"
                kept.ec2.terminate_instances([instance.id])
        if instance.state == "terminated":
            group.instance_states.remove(state)
            _finish(getattr(state, "activity", {}))
        elif instance.state in ("shutting-down", "stopped") and state.lifecycle_state == "InService":
            state.health_status = "Unhealthy"
            cause = f"At {_stamp()} an instance was taken out of service in response to an EC2 health check."
            terminate(kept, group, state, cause, hooks=False)


def _approach(kept: Store, group: Any) -> None:
    """Launch or terminate instances until the group has its desired size; protected instances stay.

    While an instance refresh launches replacements first, the group is larger by these.
    """
    here = [state for state in group.instance_states if state.lifecycle_state in refreshes.COUNTED]
    here = _rebalanced(kept, group, here)
    refresh = refreshes.active(group)
    difference = (group.desired_capacity or 0) + (refresh.extra if refresh else 0) - len(here)
    for _ in range(difference):
        if not _launch(kept, group):
            break
    if difference >= 0:
        return
    removable = [state for state in here if not state.protected_from_scale_in]
    for state in removable[:-difference]:
        cause = (
            f"At {_stamp()} an instance was taken out of service in response to a difference between desired and "
            f"actual capacity, shrinking the capacity from {len(here)} to {group.desired_capacity}."
        )
        terminate(kept, group, state, cause)


def _rebalanced(kept: Store, group: Any, here: list[Any]) -> list[Any]:
    """Return the members that stay; terminate members in zones that the group has left once others are in service.

    Protected members stay (Auto Scaling user guide, rebalancing activities and instance scale-in protection).
    """
    zones = group.availability_zones
    leaving = [one for one in here if one.instance.placement.zone not in zones and not one.protected_from_scale_in]
    staying = [one for one in here if one not in leaving]
    if sum(one.lifecycle_state == "InService" for one in staying) >= (group.desired_capacity or 0):
        for state in leaving:
            terminate(kept, group, state, f"At {_stamp()} instances were launched to balance instances in zones.")
    return staying


def _launch(kept: Store, group: Any) -> bool:
    """Launch an instance; a failure becomes a Failed activity and is tried again later."""
    cause = (
        f"At {_stamp()} an instance was started in response to a difference between desired and actual capacity, "
        f"increasing the capacity to {group.desired_capacity}."
    )
    try:
        instance = _run(kept, group)
    except (ServiceException, LookupError) as error:
        note(group, "Launching a new EC2 instance.  Status Reason: " + str(error), cause, "Failed", str(error))
        group.retry_at = later(_BACK_OFF_SECONDS)
        return False
    state = InstanceState(
        instance, "Pending", "Healthy", group.new_instances_protected_from_scale_in, autoscaling_group=group
    )
    if template := group.ec2_launch_template:
        state.launched_from = {  # type: ignore[attr-defined]
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": str(template.get_version(group.launch_template_version).number),
        }
    state.activity = note(group, f"Launching a new EC2 instance: {instance.id}", cause, "InProgress")  # type: ignore[attr-defined]
    group.instance_states.append(state)
    return True


def _run(kept: Store, group: Any) -> Any:
    subnets = [kept.ec2.get_subnet(one.strip()) for one in (group.vpc_zone_identifier or "").split(",") if one.strip()]
    counts = [sum(state.instance.subnet_id == subnet.id for state in group.instance_states) for subnet in subnets]
    subnet = subnets[counts.index(min(counts))] if subnets else None
    policy = group.mixed_instances_policy or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or []
    instance_type = overrides[0].get("InstanceType") if overrides else group.instance_type
    template = group.ec2_launch_template
    data: Shape = template.get_version(group.launch_template_version).data if template else {}
    mappings = data.get("BlockDeviceMappings") or []
    volumes = {"block_device_mappings": mappings} if mappings else {}
    user_data: Base64EncodedString | None = group.user_data
    reservation = kept.ec2.run_instances(
        group.image_id,
        1,
        user_data,
        group.security_groups,
        security_group_ids=list(data.get("SecurityGroupIds") or []),
        instance_type=instance_type or "c5.large",
        tags={"instance": {**group.instance_tags, **_tags(group)}},
        region_name=kept.region,
        placement=subnet.availability_zone if subnet else group.availability_zones[0],
        subnet_id=subnet.id if subnet else None,
        launch_template={"LaunchTemplateId": template.id, "Version": str(group.launch_template_version)}
        if template
        else None,
        launch_config=group.launch_config,
        is_instance_type_default=False,
        metadata_options=data.get("MetadataOptions"),
        lifecycle="spot" if _spot(policy) else None,
        **volumes,
    )
    instance = reservation.instances[0]
    instance.autoscaling_group = group
    instance._state.name, instance._state.code = "pending", 0
    instance.runs_at = later(durations.INSTANCE_PENDING)
    for interface in instance.nics.values():
        interface.delete_on_termination = True
    kept_volumes = {one["DeviceName"] for one in mappings if one.get("Ebs", {}).get("DeleteOnTermination") is False}
    for device, volume in instance.block_device_mapping.items():
        volume.delete_on_termination = device not in kept_volumes
    if profile := data.get("IamInstanceProfile"):
        kept.ec2.associate_iam_instance_profile(
            instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )
    return instance


def _spot(policy: Shape) -> bool:
    distribution = policy.get("InstancesDistribution") or {}
    return int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)) == 0


def _tags(group: Any) -> dict[str, str]:
    propagated = {tag["Key"]: tag["Value"] for tag in group.tags if str(tag.get("PropagateAtLaunch")).lower() == "true"}
    return {**propagated, "aws:autoscaling:groupName": group.name}


def _finish(activity: Shape) -> None:
    if activity.get("StatusCode") == "InProgress":
        activity |= {"StatusCode": "Successful", "Progress": 100, "EndTime": now()}


def _forget(kept: Store, name: str) -> None:
    backend = kept.autoscaling
    for table in (backend.policies, backend.lifecycle_hooks, backend.scheduled_actions):
        for key in [key for key, one in table.items() if getattr(one, "auto_scaling_group_name", None) == name]:
            del table[key]


def _stamp() -> str:
    return now().strftime("%Y-%m-%dT%H:%M:%SZ")
