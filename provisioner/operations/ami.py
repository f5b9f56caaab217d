"""Which AMI instances are launched from: the one that the stack has, until a newer one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.resources.ec2.launch import LaunchTemplate, default_image

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record

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
        data = record.arguments.get("launch_template_data") if record.type == LaunchTemplate.type_name else None
        if isinstance(data, Mapping) and isinstance(image := data.get("ImageId"), str):
            return image
    return None


def condition(aws: Aws) -> list[dict[str, Any]]:
    """Return what is to be known of the AMI of each launch template of this stack. Only reads are made.

    It matters little if AWS does not tell: what is not known is None. An AMI of which AWS tells nothing may be
    deregistered, or the caller not allowed to ask.
    """
    images = [live.attributes["launch_template_data"].get("ImageId") for live in aws.live(LaunchTemplate) if live.owned]
    newest = _recommended_if_known(aws) if any(images) else None
    return [
        {
            "id": image,
            "name": described.get("Name"),
            "created": described.get("CreationDate"),
            "days": _days(aws, described),
            "newest": newest,
        }
        for image in filter(None, images)
        for described in [_described(aws, image)]
    ]


def _recommended_if_known(aws: Aws) -> str | None:
    try:
        return recommended(aws)
    except (BotoCoreError, ClientError):
        return None


def _described(aws: Aws, image: str) -> Mapping[str, Any]:
    try:
        found: list[Mapping[str, Any]] = aws.client("ec2").describe_images(ImageIds=[image])["Images"]
    except (BotoCoreError, ClientError):
        return {}
    return found[0] if found else {}


def _days(aws: Aws, image: Mapping[str, Any]) -> int | None:
    """Return for how many days an AMI has existed; EC2 writes the date as text, such as 2026-02-26T21:04:05.000Z."""
    try:
        return (datetime.fromtimestamp(aws.pace.time(), UTC) - datetime.fromisoformat(image["CreationDate"])).days
    except (KeyError, TypeError, ValueError):
        return None
