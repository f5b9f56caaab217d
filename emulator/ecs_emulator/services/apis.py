"""All emulated APIs, and the modules in their folders."""

from __future__ import annotations

import functools
import importlib.util
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ecs_emulator.services import (
    acm,
    application_autoscaling,
    autoscaling,
    cloudfront,
    cloudwatch,
    dynamodb,
    ec2,
    ecr,
    ecs,
    efs,
    elasticache,
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
    stepfunctions,
    sts,
    tagging,
    wafv2,
)
from ecs_emulator.services.model import EmulatedApi

# the order matters: a folder that patches the patch of another folder comes after it
_FOLDERS = (
    ec2, elbv2, acm, route53, servicediscovery, rds, elasticache, ssm, wafv2, iam, logs, ecr, kms, s3, servicequotas,
    application_autoscaling, autoscaling, ecs, scheduler, stepfunctions, sts, sqs, secretsmanager, tagging,
    dynamodb, ses, sns, cloudwatch, pricing, events, cloudfront, efs,
)  # fmt: skip
APIS: dict[str, EmulatedApi] = {folder.API.name: folder.API for folder in _FOLDERS}
"""All APIs by botocore's names."""
SIGNED: dict[str, EmulatedApi] = {api.signed: api for api in APIS.values()}
"""All APIs by the names that sign their requests."""
_DIRECTORIES = {folder.API.name: Path(str(folder.__file__)).parent for folder in _FOLDERS}
_PACKAGES = {folder.API.signed: folder.__name__ for folder in _FOLDERS}


def directory(name: str) -> Path:
    """Return an API's folder, by botocore's name of the API."""
    return _DIRECTORIES[name]


@functools.cache
def part(signed: str, module: str) -> ModuleType | None:
    """Import a module of an API's folder, which loads moto, and return it; None if the API or module does not exist.

    Args:
        signed: the name that signs the API's requests.
    """
    full = f"{_PACKAGES.get(signed)}.{module}"
    return import_module(full) if signed in _PACKAGES and importlib.util.find_spec(full) else None


def install() -> None:
    """Patch the rules of all APIs into moto's classes. Call it once per process, before the first request."""
    for api in APIS.values():
        for module in api.modules:
            part(api.signed, module)
