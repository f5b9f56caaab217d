"""Which AMI instances are launched from: the one that the stack has, until a newer one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from provisioner.kinds.ec2_launch import LaunchTemplate, default_image

if TYPE_CHECKING:
    from provisioner.aws import Aws
    from state.model import Record

RECOMMENDED = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
"""The public parameter with the newest ECS-optimised Amazon Linux 2023 AMI for x86_64 (ECS guide, AMI metadata)."""


def chosen(aws: Aws, records: Iterable[Record]) -> str:
    """Return the id of the AMI that is to be declared. Only reads are made.

    AWS releases one every week or two. A plan must not change by that alone, so the stack's own AMI stays: the recorded
    one, or that of the live launch template if nothing is recorded. A new stack gets the recommended one, and so does
    one whose user asks for it (`Aws.new_ami`).
    """
    mine = None if aws.new_ami else recorded(records) or default_image(aws, aws.name)
    return mine or recommended(aws)


def recommended(aws: Aws) -> str:
    """Return the id of the AMI that AWS recommends now."""
    return str(aws.client("ssm").get_parameter(Name=RECOMMENDED)["Parameter"]["Value"])


def recorded(records: Iterable[Record]) -> str | None:
    """Return the id of the AMI that the state says the launch template has; None if it does not say."""
    for record in records:
        data = record.asked.get("launch_template_data") if record.kind == LaunchTemplate.kind else None
        if isinstance(data, Mapping) and isinstance(image := data.get("ImageId"), str):
            return image
    return None
