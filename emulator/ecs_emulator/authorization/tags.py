"""Find the tags of existing resources by ARN, for the condition key `aws:ResourceTag`."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from ecs_emulator.services.apis import part

SIGNED = {"cloudwatch": "monitoring"}
"""The names that sign a service's requests, by the service in its ARNs, where both differ."""


def of(account: str, arn: str) -> dict[str, str]:
    """Return the tags of a resource; none if it does not exist, or if no policy can check its service's tags."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or "*" in parts[5]:
        return {}
    _, _, service, region, _, resource = parts
    own = part(SIGNED.get(service, service), "tags")
    read = getattr(own, "of", None)
    try:
        return dict(read(account, region, arn, resource)) if read else {}
    except (HTTPException, KeyError, ServiceException):
        return {}


def pairs(found: Any) -> dict[str, str]:
    """Return the tags from a list of `Key` and `Value` pairs."""
    return {pair["Key"]: pair["Value"] for pair in found or ()}
