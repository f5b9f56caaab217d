"""Choose the AMI of the instances: the recorded one, until the user asks for a newer one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.config.validators import is_arm
from provisioner.resources.autoscaling import AutoScalingGroup
from provisioner.resources.ec2.launch import LaunchTemplate, default_image

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.workload import Architecture
    from provisioner.state.model import Record

RECOMMENDED = {
    "x86_64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "arm64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
}
"""The public parameters with the newest ECS-optimised Amazon Linux 2023 AMIs (ECS guide, AMI metadata)."""


def chosen(aws: Aws, records: Iterable[Record], architecture: Architecture = "x86_64") -> str:
    """Return the id of the AMI that is to be declared. Only reads are made.

    AWS releases an AMI every week or two. A plan must not change by that alone, so the stack's own AMI stays: the
    recorded AMI, or the live launch template's if nothing is recorded. The recommended AMI is chosen for a new stack,
    if the user asks for it (`Aws.new_ami`), and if the recorded instances are of another architecture.
    """
    records = list(records)
    other = _types(records) and any(is_arm(one) != (architecture == "arm64") for one in _types(records))
    mine = None if aws.new_ami or other else recorded(records) or default_image(aws, aws.name)
    return mine or recommended(aws, architecture)


def recommended(aws: Aws, architecture: str = "x86_64") -> str:
    """Return the id of the AMI that AWS recommends now."""
    name = RECOMMENDED.get(architecture, RECOMMENDED["x86_64"])
    return str(aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def _types(records: Iterable[Record]) -> list[str]:
    """Return the instance types in the recorded Auto Scaling groups."""
    groups = [one.arguments.get("mixed_instances_policy") for one in records if one.type == AutoScalingGroup.type_name]
    overrides = [one.get("LaunchTemplate", {}).get("Overrides", ()) for one in groups if isinstance(one, Mapping)]
    return [str(one["InstanceType"]) for some in overrides for one in some if "InstanceType" in one]


def recorded(records: Iterable[Record]) -> str | None:
    """Return the id of the AMI in the recorded launch template; None if none is recorded."""
    for record in records:
        data = record.arguments.get("launch_template_data") if record.type == LaunchTemplate.type_name else None
        if isinstance(data, Mapping) and isinstance(image := data.get("ImageId"), str):
            return image
    return None


def condition(aws: Aws) -> list[dict[str, Any]]:
    """Return the age and the successor of the AMI of each launch template. Only reads are made.

    A value is None if AWS does not tell it. If AWS tells nothing of an AMI, the AMI may be deregistered, or the caller
    may lack the permission.
    """
    images = [live.attributes["launch_template_data"].get("ImageId") for live in aws.live(LaunchTemplate) if live.owned]
    described = {image: _described(aws, image) for image in dict.fromkeys(filter(None, images))}
    newest = {
        architecture: _recommended_if_known(aws, architecture)
        for architecture in {str(one.get("Architecture", "x86_64")) for one in described.values()}
    }
    return [
        {
            "id": image,
            "name": about.get("Name"),
            "created": about.get("CreationDate"),
            "days": _days(aws, about),
            "newest": newest[str(about.get("Architecture", "x86_64"))],
        }
        for image, about in described.items()
    ]


def _recommended_if_known(aws: Aws, architecture: str) -> str | None:
    try:
        return recommended(aws, architecture)
    except (BotoCoreError, ClientError):
        return None


def _described(aws: Aws, image: str) -> Mapping[str, Any]:
    try:
        found: list[Mapping[str, Any]] = aws.client("ec2").describe_images(ImageIds=[image])["Images"]
    except (BotoCoreError, ClientError):
        return {}
    return found[0] if found else {}


def _days(aws: Aws, image: Mapping[str, Any]) -> int | None:
    """Return the age of an AMI in days; EC2 writes the date as text, such as 2026-02-26T21:04:05.000Z."""
    try:
        return (datetime.fromtimestamp(aws.pace.time(), UTC) - datetime.fromisoformat(image["CreationDate"])).days
    except (KeyError, TypeError, ValueError):
        return None
