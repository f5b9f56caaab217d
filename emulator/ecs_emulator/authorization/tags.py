"""Finds the tags of existing resources by ARN, which `aws:ResourceTag` is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.autoscaling.models import autoscaling_backends
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from werkzeug.exceptions import HTTPException

from ecs_emulator.ecs import store
from ecs_emulator.services.apis import part


def of(account: str, arn: str) -> dict[str, str]:
    """Return the tags of a resource; none if it is not there, or of a service whose tags no policy can ask for."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or "*" in parts[5]:
        return {}
    _, _, service, region, _, resource = parts
    own = part(service, "tags")
    read = getattr(own, "of", None) or _READERS.get(service)
    try:
        return dict(read(account, region, arn, resource)) if read else {}
    except (HTTPException, KeyError, ServiceException):
        return {}


def pairs(found: Any) -> dict[str, str]:
    """Return the tags of a list of pairs."""
    return {pair["Key"]: pair["Value"] for pair in found or ()}


def _ec2(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    return ec2_backends[account][region].tags.get(resource.rpartition("/")[2], {})


def _ecs(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    return next((tags for known, tags in store.tagged(account, region) if known == arn), {})


def _scaling(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    dimensions = applicationautoscaling_backends[account][region].targets.values()
    known = (target for targets in dimensions for target in targets.values() if target.arn == arn)
    return getattr(next(known, None), "tags", {})


def _autoscaling(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    group = autoscaling_backends[account][region].autoscaling_groups[resource.rpartition("/")[2]]
    return pairs(group.tags)


_READERS: Mapping[str, Callable[[str, str, str, str], Mapping[str, str]]] = {
    "application-autoscaling": _scaling,
    "autoscaling": _autoscaling,
    "ec2": _ec2,
    "ecs": _ecs,
    "elasticloadbalancing": lambda account, region, arn, _: elbv2_backends[account][region].describe_tags([arn])[arn],
}
