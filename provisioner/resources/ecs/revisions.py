"""Revisions of an ECS task definition: their ARNs and names, and their contents as ECS shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import not_found
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.ecs.history import definition, past

if TYPE_CHECKING:
    from provisioner.aws.client import Aws


def revision(aws: Aws, arn: str) -> Mapping[str, Any]:
    """Return a revision as ECS shows it.

    Raises:
        ConfigurationError: ECS has no such revision.
    """
    if shown := revision_or_empty(aws, arn):
        return shown
    raise ConfigurationError(f"there is no revision {short_name(arn)}: `provision history` shows them")


def revision_or_empty(aws: Aws, arn: str) -> Mapping[str, Any]:
    """Return a revision as ECS shows it, or an empty mapping if it was deleted."""
    try:
        return definition(aws, arn)
    except ClientError as error:
        if not not_found(error, "ecs"):
            raise
        return {}


def previous_arn(aws: Aws, cluster: str, service: str, current: str) -> str:
    """Return the ARN of the revision that served before the current one.

    Raises:
        ConfigurationError: ECS shows no earlier deployment that succeeded.
    """
    for one in past(aws, cluster, service):
        if one.status == "SUCCESSFUL" and one.task_definition not in ("", current):
            return one.task_definition
    raise ConfigurationError(
        f"{service} has run nothing before {short_name(current)} that ECS knows of: deploy an image with `provision "
        f"deploy --image`"
    )


def arn_of_number(current: str, number: str) -> str:
    """Return the ARN of another revision of the same family, by its number or by `family:number`.

    Args:
        current: the ARN of the revision that runs.

    Raises:
        ConfigurationError: the number is none.
    """
    digits = number.rpartition(":")[2]
    if not digits.isdecimal():
        raise ConfigurationError(f"{number} is not a revision: write its number, such as 3")
    return f"{current.rpartition(':')[0]}:{int(digits)}"


def image_of(shown: Mapping[str, Any], workload: str) -> str:
    """Return the image of a workload's own container, which has the workload's name; empty if it has none."""
    containers = shown.get("containerDefinitions", ())
    return next((str(one.get("image", "")) for one in containers if one.get("name") == workload), "")


def short_name(arn: str) -> str:
    """Return the last part of an ARN, such as `shop-dev-web:3`."""
    return arn.rpartition("/")[2]
