"""Machine images: those that AWS's public parameters name are there, in every Region."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ssm.models import ssm_backends

from provisioner.cloud.patch import refuse, wrap

_PUBLIC = "/aws/service/ecs/optimized-ami/"
_CURRENT = f"{_PUBLIC}amazon-linux-2023/recommended/image_id"


class Optimized(Ami):
    """One of ECS's own images, with the disk that such images have."""

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """The root volume, as DescribeImages shows it (ECS guide, "Amazon ECS-optimized Linux AMIs")."""
        volume = {"SnapshotId": self.ebs_snapshot.id, "VolumeSize": 30, "VolumeType": "gp3", "Encrypted": False}
        return [{"DeviceName": self.root_device_name, "Ebs": {**volume, "DeleteOnTermination": True}}]


@wrap(EC2Backend, "describe_images")
def describe_images(
    original: Any, self: Any, ami_ids: Any = None, filters: Any = None, exec_users: Any = None, owners: Any = None
) -> Any:
    """DescribeImages: beside the account's own those that ECS recommends, and each of ECS's that is asked for by id."""
    named = (filters or {}).get("image-id", ())
    _offer(self, {*(ami_ids or ()), *([named] if isinstance(named, str) else named)}, listed=bool(owners or exec_users))
    return original(self, ami_ids, filters, exec_users, owners)


@wrap(EC2Backend, "describe_image_attribute")
def describe_image_attribute(original: Any, self: Any, ami_id: str, attribute_name: str) -> Any:
    """DescribeImageAttribute: for an image's owner only (cloudquery/cloudquery#9406)."""
    _offer(self, {ami_id})
    if ami_id not in self.amis:
        refuse("InvalidAMIID.NotFound", f"The image id '[{ami_id}]' does not exist")
    if self.amis[ami_id].owner_id != self.account_id:
        refuse("AuthFailure", f"Not authorized for image:{ami_id}")
    return original(self, ami_id, attribute_name)


def _offer(ec2: Any, wanted: Collection[str], *, listed: bool = False) -> None:
    """Have ECS's recommended Linux images in a Region's backend, and those that are wanted.

    Thousands are published: they are read for whoever lists other accounts' images, else only once somebody has.
    """
    parameters = ssm_backends[ec2.account_id][ec2.region_name]._parameters
    if listed and _CURRENT not in parameters:
        return
    for name in [name for name in parameters if name.startswith(_PUBLIC) and name.endswith("/image_id")]:
        image = parameters[name][-1].value
        current = name.startswith(f"{_PUBLIC}amazon-linux") and name.endswith("/recommended/image_id")
        if image not in ec2.amis and (current or image in wanted):
            about = json.loads(parameters[name.removesuffix("/image_id")][-1].value)
            ec2.amis[image] = _image(ec2, image, about["image_name"])


def _image(ec2: Any, image: str, name: str) -> Ami:
    return Optimized(
        ec2,
        image,
        name=name,
        description="Amazon ECS-optimized machine image",
        owner_id="591542846629",
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture="arm64" if name.endswith(("arm64", "aarch64")) else "x86_64",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        region_name=ec2.region_name,
    )
