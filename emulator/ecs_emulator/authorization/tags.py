"""Finds the tags of existing resources by ARN, which `aws:ResourceTag` is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.acm.models import acm_backends
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.autoscaling.models import autoscaling_backends
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.rds.models import rds_backends
from moto.servicediscovery.models import servicediscovery_backends
from moto.ssm.models import ssm_backends
from werkzeug.exceptions import HTTPException

from ecs_emulator.ecs import store


def of(account: str, arn: str) -> dict[str, str]:
    """Return the tags of a resource; none if it is not there, or of a service whose tags no policy can ask for."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] not in _READERS or "*" in parts[5]:
        return {}
    _, _, service, region, _, resource = parts
    try:
        return dict(_READERS[service](account, region, arn, resource))
    except (HTTPException, KeyError, ServiceException):
        return {}


def _pairs(found: Any) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in found or ()}


def _texts(found: Any) -> dict[str, str]:
    return {key: value or "" for key, value in found.items()}


def _ec2(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    return ec2_backends[account][region].tags.get(resource.rpartition("/")[2], {})


def _ecs(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    return next((tags for known, tags in store.tagged(account, region) if known == arn), {})


def _iam(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    backend, name = iam_backends[account]["aws"], resource.rpartition("/")[2]
    if resource.startswith("instance-profile/"):
        return _pairs(backend.get_instance_profile(name).tags)
    return _pairs(backend.get_role(name).tags) if resource.startswith("role/") else {}


def _scaling(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    dimensions = applicationautoscaling_backends[account][region].targets.values()
    known = (target for targets in dimensions for target in targets.values() if target.arn == arn)
    return getattr(next(known, None), "tags", {})


def _autoscaling(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    group = autoscaling_backends[account][region].autoscaling_groups[resource.rpartition("/")[2]]
    return _pairs(group.tags)


def _logs(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    whole = arn.partition(":log-stream:")[0]
    return logs_backends[account][region].list_tags_for_resource(whole)


def _ssm(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    name = resource.removeprefix("parameter")
    return ssm_backends[account][region].list_tags_for_resource("Parameter", name)


_READERS: Mapping[str, Callable[[str, str, str, str], Mapping[str, str]]] = {
    "acm": lambda account, region, arn, _: _texts(acm_backends[account][region].get_certificate(arn).tags),
    "application-autoscaling": _scaling,
    "autoscaling": _autoscaling,
    "ec2": _ec2,
    "ecr": lambda account, region, arn, _: _pairs(ecr_backends[account][region].list_tags_for_resource(arn)["tags"]),
    "ecs": _ecs,
    "elasticloadbalancing": lambda account, region, arn, _: elbv2_backends[account][region].describe_tags([arn])[arn],
    "iam": _iam,
    "logs": _logs,
    "rds": lambda account, region, arn, _: _pairs(rds_backends[account][region].list_tags_for_resource(arn)),
    "servicediscovery": lambda account, region, arn, _: _pairs(
        servicediscovery_backends[account][region].list_tags_for_resource(arn)["Tags"]
    ),
    "ssm": _ssm,
}
