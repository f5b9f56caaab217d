"""Instances: check the form of ids, and show volumes and instance profiles as AWS does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import VolumeAttachment
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import add, refuse, replace, wrap


def _none(key: str, names: tuple[str, ...], code: str) -> Callable[[Any], ActionResult]:
    def describe(self: Any) -> ActionResult:
        for name in names:
            if requested := self._get_param(name):
                refuse(code, f"The {name} {', '.join(requested)} do not exist")
        return ActionResult({key: []})

    return describe


# Resources that no account here has: the list, the parameters that name its items, and AWS's error code.
add(EC2Response, "describe_placement_groups")(
    _none("PlacementGroups", ("GroupNames", "GroupIds"), "InvalidPlacementGroup.Unknown")
)
add(EC2Response, "describe_capacity_reservations")(
    _none("CapacityReservations", ("CapacityReservationIds",), "InvalidCapacityReservationId.NotFound")
)
# moto's version only answers that it is not implemented
replace(EC2Response, "describe_reserved_instances")(
    _none("ReservedInstances", ("ReservedInstancesIds",), "InvalidReservedInstancesId")
)


def _check_form(ids: list[str]) -> None:
    """Refuse malformed instance ids (EC2 developer guide, error codes, InvalidInstanceID.Malformed)."""
    for one in ids:
        if not re.fullmatch(r"i-([0-9a-f]{8}|[0-9a-f]{17})", one):
            refuse("InvalidInstanceID.Malformed", f'Invalid id: "{one}"')


@wrap(InstanceBackend, "get_reservations_by_instance_ids")
def get_reservations_by_instance_ids(original: Any, self: Any, instance_ids: list[str], filters: Any = None) -> Any:
    """DescribeInstances: refuse malformed ids."""
    _check_form(instance_ids)
    return original(self, instance_ids, filters)


@wrap(InstanceBackend, "get_multi_instances_by_id")
def get_multi_instances_by_id(original: Any, self: Any, instance_ids: list[str], filters: Any = None) -> Any:
    """TerminateInstances, DescribeInstanceStatus and others: refuse malformed ids."""
    _check_form(instance_ids)
    return original(self, instance_ids, filters)


@wrap(InstanceBackend, "get_instance")
def get_instance(original: Any, self: Any, instance_id: str) -> Any:
    """DescribeInstanceAttribute and others: refuse a malformed id."""
    _check_form([instance_id])
    return original(self, instance_id)


@wrap(EC2Backend, "create_volume")
def create_volume(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateVolume: show an empty snapshot id, and 125 MiB a second for gp3 (EBS guide, "General Purpose SSD")."""
    volume = original(self, *args, **kwargs)
    volume.snapshot_id = volume.snapshot_id or ""
    volume.multi_attach_enabled = bool(volume.multi_attach_enabled)
    if volume.volume_type == "gp3":
        volume.throughput = volume.throughput or 125
    return volume


@wrap(Instance, "add_block_device")
def add_block_device(
    original: Any, self: Any, size: int, device_path: str, snapshot_id: Any, *args: Any, **kwargs: Any
) -> None:
    """RunInstances: create the root volume from the image's snapshot."""
    image = self.ec2_backend.amis.get(self.image_id)
    if image and device_path == image.root_device_name:
        snapshot_id = snapshot_id or image.ebs_snapshot.id
    original(self, size, device_path, snapshot_id, *args, **kwargs)


add(VolumeAttachment, "delete_on_termination")(
    property(lambda self: self.instance.block_device_mapping[self.device].delete_on_termination)
)


@wrap(EC2Backend, "associate_iam_instance_profile")
def associate_iam_instance_profile(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """AssociateIamInstanceProfile: show the profile's own id at the instance, not the association's."""
    association = original(self, *args, **kwargs)
    profile = association.iam_instance_profile
    association.instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}
    return association


def _until_terminated(name: str, after: Any) -> None:
    @wrap(Instance, name)
    def shown(original: Any, self: Any) -> Any:
        return after if self.state == "terminated" else original(self)


for _member, _value in {
    "ena_support": True,
    "enclave_options": {"Enabled": False},
    "maintenance_options": {"AutoRecovery": "default", "RebootMigration": "default"},
    "platform_details": "Linux/UNIX",
    "usage_operation": "RunInstances",
}.items():
    add(Instance, _member)(_value)


def _hibernation(self: Any) -> dict[str, bool]:
    """DescribeInstances: show for every instance whether it may hibernate (recorded: cloud-custodian)."""
    return {"Configured": False, **self.__dict__["_hibernation"]}


def _set_hibernation(self: Any, requested: dict[str, bool] | None) -> None:
    self.__dict__["_hibernation"] = requested or {}


replace(Instance, "hibernation_options")(property(_hibernation, _set_hibernation))


def _client_token(self: Any) -> str:
    """DescribeInstances: show the client token of every instance, empty without one (recorded: cloud-custodian)."""
    return self.__dict__["_client_token"] or ""


def _set_client_token(self: Any, asked: str | None) -> None:
    self.__dict__["_client_token"] = asked


replace(Instance, "client_token")(property(_client_token, _set_client_token))


@wrap(Instance, "public_dns_name")
def public_dns_name(original: Any, self: Any) -> str:
    """DescribeInstances: show an empty name without a public address (recorded: cloud-custodian)."""
    return original(self) or ""


# DescribeInstances: a terminated instance is in no network any more (recorded: cloud-custodian)
_AFTERWARDS: dict[str, Any] = {
    "network_interfaces": [],
    "dynamic_group_list": [],
    "vpc_id": None,
    "subnet_id": None,
    "private_ip_address": None,
    "private_dns_name": "",
}
for _member, _left in _AFTERWARDS.items():
    _until_terminated(_member, _left)
