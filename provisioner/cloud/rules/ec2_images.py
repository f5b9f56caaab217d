"""Machine images: those that AWS's public parameters name are there, in every Region."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ssm.models import ssm_backends

from provisioner.cloud.patch import wrap

_PUBLIC = "/aws/service/ecs/optimized-ami/"


@wrap(EC2Backend, "describe_images")
def describe_images(original: Any, self: Any, ami_ids: Any = (), *args: Any, **kwargs: Any) -> Any:
    """DescribeImages: of ECS's own images those that are asked for by id."""
    if missing := set(ami_ids or ()) - self.amis.keys():
        for name, image in _optimized(self).items():
            if image in missing:
                self.amis[image] = _image(self, image, name)
    return original(self, ami_ids, *args, **kwargs)


def _optimized(ec2: Any) -> dict[str, str]:
    """The images of ECS's public parameters, by the parameter's name without what all have in common."""
    parameters = ssm_backends[ec2.account_id][ec2.region_name]._parameters
    named = [name for name in parameters if name.startswith(_PUBLIC) and name.endswith("/image_id")]
    return {name.removeprefix(_PUBLIC): parameters[name][-1].value for name in named}


def _image(ec2: Any, image: str, name: str) -> Ami:
    return Ami(
        ec2,
        image,
        name=f"ecs-optimized-{name.partition('/')[0]}",
        description="Amazon ECS-optimized machine image",
        owner_id="591542846629",
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture="arm64" if "arm64" in name else "x86_64",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        region_name=ec2.region_name,
    )
