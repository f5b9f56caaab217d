"""All APIs, and what is in their folders."""

from __future__ import annotations

import functools
import importlib.util
from importlib import import_module
from types import ModuleType

from ecs_emulator.services import (
    acm,
    application_autoscaling,
    autoscaling,
    cloudwatch,
    dynamodb,
    ec2,
    ecr,
    ecs,
    elbv2,
    events,
    iam,
    kms,
    logs,
    pricing,
    rds,
    route53,
    s3,
    scheduler,
    secretsmanager,
    servicediscovery,
    servicequotas,
    ses,
    sns,
    sqs,
    ssm,
    sts,
    tagging,
    wafv2,
)
from ecs_emulator.services.model import EmulatedApi

# what lays something over what another one has laid comes after it
_FOLDERS = (
    ec2, elbv2, acm, route53, servicediscovery, rds, ssm, wafv2, iam, logs, ecr, kms, s3, servicequotas,
    application_autoscaling, autoscaling, ecs, scheduler, sts, sqs, secretsmanager, tagging,
    dynamodb, ses, sns, cloudwatch, pricing, events,
)  # fmt: skip
APIS: dict[str, EmulatedApi] = {folder.API.name: folder.API for folder in _FOLDERS}
"""By botocore's names."""
SIGNED: dict[str, EmulatedApi] = {api.signed: api for api in APIS.values()}
"""By the names that sign their requests."""
_PACKAGES = {folder.API.signed: folder.__name__ for folder in _FOLDERS}


@functools.cache
def part(signed: str, module: str) -> ModuleType | None:
    """Return a module of an API's folder, which loads moto; None if there is no such API or module.

    Args:
        signed: the name that signs the API's requests.
    """
    full = f"{_PACKAGES.get(signed)}.{module}"
    return import_module(full) if signed in _PACKAGES and importlib.util.find_spec(full) else None


def install() -> None:
    """Lay the rules of all APIs over moto's classes; once a process, before the first request is answered."""
    for api in APIS.values():
        for module in api.modules:
            part(api.signed, module)
