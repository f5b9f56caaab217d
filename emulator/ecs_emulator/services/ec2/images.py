"""Machine images: the images that AWS's public parameters name exist in every Region, and newer ones are released."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ssm.models import ssm_backends

from ecs_emulator.patch import refuse, wrap

_PUBLIC = "/aws/service/ecs/optimized-ami/"
_LINUX = f"{_PUBLIC}amazon-linux-2023/"
_CURRENT = f"{_LINUX}recommended/image_id"
_DAY = "%Y%m%d"


class Optimized(Ami):
    """One of ECS's own machine images, with its usual disk."""

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """The root volume, as DescribeImages shows it (ECS guide, "Amazon ECS-optimized Linux AMIs")."""
        volume = {"SnapshotId": self.ebs_snapshot.id, "VolumeSize": 30, "VolumeType": "gp3", "Encrypted": False}
        return [{"DeviceName": self.root_device_name, "Ebs": {**volume, "DeleteOnTermination": True}}]


@wrap(EC2Backend, "describe_images")
def describe_images(
    original: Any, self: Any, ami_ids: Any = None, filters: Any = None, exec_users: Any = None, owners: Any = None
) -> Any:
    """DescribeImages: add ECS's recommended images to the account's own, and each ECS image that a call names by id."""
    named = (filters or {}).get("image-id", ())
    _offer(self, {*(ami_ids or ()), *([named] if isinstance(named, str) else named)}, listed=bool(owners or exec_users))
    return original(self, ami_ids, filters, exec_users, owners)


@wrap(EC2Backend, "describe_image_attribute")
def describe_image_attribute(original: Any, self: Any, ami_id: str, attribute_name: str) -> Any:
    """DescribeImageAttribute: refuse an image of another account (cloudquery/cloudquery#9406)."""
    _offer(self, {ami_id})
    if ami_id not in self.amis:
        refuse("InvalidAMIID.NotFound", f"The image id '[{ami_id}]' does not exist")
    if self.amis[ami_id].owner_id != self.account_id:
        refuse("AuthFailure", f"Not authorized for image:{ami_id}")
    return original(self, ami_id, attribute_name)


def release(account: str, region: str) -> str:
    """Make ECS recommend a newer Amazon Linux 2023 image from now on, and return its id."""
    parameters = ssm_backends[account][region]._parameters
    about = json.loads(parameters[f"{_LINUX}recommended"][-1].value)
    last = parameters[f"{_LINUX}recommended/image_version"][-1].value
    family, _, day = last.rpartition(".")
    version = f"{family}.{(datetime.strptime(day, _DAY).replace(tzinfo=UTC) + timedelta(days=7)).strftime(_DAY)}"
    name, image = about["image_name"].replace(last, version), f"ami-{uuid.uuid4().hex[:17]}"
    recommended = json.dumps({**about, "image_name": name, "image_id": image, "image_version": version})
    for member, value in (("image_id", image), ("image_name", name), ("image_version", version)):
        _put(parameters, f"recommended/{member}", value)
    _put(parameters, "recommended", recommended)
    _put(parameters, name, recommended)
    _put(parameters, f"{name}/image_id", image)
    return image


def put_image(ec2: Any, image: str) -> None:
    """Add an image with this id to a Region's backend, like ECS's own images; an existing image stays as it is."""
    _offer(ec2, {image})
    if image not in ec2.amis:
        ec2.amis[image] = _image(ec2, image, "al2023-ami-ecs-hvm")


def owner_of(ec2: Any, image: str) -> str:
    """Return an image's owner as `ec2:Owner` has it: an alias such as `amazon`, or an account; empty if unknown."""
    _offer(ec2, {image})
    there = ec2.amis.get(image)
    return str(there.owner_alias or there.owner_id) if there else ""


def _put(parameters: Any, name: str, value: str) -> None:
    """Set a public parameter to a new value, as its newest version."""
    versions = parameters[f"{_LINUX}{name}"]
    former = versions[-1] if versions else parameters[f"{_LINUX}recommended/image_id"][-1]
    parameter = copy.copy(former)
    parameter.name, parameter.value = f"{_LINUX}{name}", value
    parameter.version = former.version + 1 if versions else 1
    versions.append(parameter)


def _offer(ec2: Any, wanted: Collection[str], *, listed: bool = False) -> None:
    """Add ECS's recommended Linux images to a Region's backend, and the wanted images, also earlier versions.

    AWS publishes thousands of parameters. Only a call that lists other accounts' images loads them; all other calls
    use them only once they are loaded.
    """
    parameters = ssm_backends[ec2.account_id][ec2.region_name]._parameters
    if (listed and _CURRENT not in parameters) or (wanted and wanted <= ec2.amis.keys()):
        return
    # a plain dictionary: moto's own checks at each look-up whether it has to load the parameters
    read: dict[str, Any] = dict(parameters.items())
    for name, versions in read.items():
        if not (name.startswith(_PUBLIC) and name.endswith("/image_id")):
            continue
        recommended = name.startswith(f"{_PUBLIC}amazon-linux") and name.endswith("/recommended/image_id")
        for version, about in zip(versions, read[name.removesuffix("/image_id")], strict=True):
            current = recommended and version is versions[-1]
            if version.value not in ec2.amis and (current or version.value in wanted):
                ec2.amis[version.value] = _image(ec2, version.value, json.loads(about.value)["image_name"])


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
        creation_date=_released(name),
    )


def _released(name: str) -> datetime | None:
    """Return the day in an image's name, as al2023-ami-ecs-hvm-2023.0.20260226-kernel-6.1-x86_64; None without."""
    for part in name.replace(".", "-").split("-"):
        if len(part) == 8 and part.isdigit():
            return datetime.strptime(part, _DAY).replace(tzinfo=UTC)
    return None
