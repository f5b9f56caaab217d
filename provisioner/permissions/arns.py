"""ARNs that commands need without the table of permissions, which imports every resource type."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.models import Config

ANY = "*"
"""Replaces the account if it is not known."""


def boundary_arn(config: Config, account: str) -> str:
    """Return the ARN of the permissions boundary: the configured policy, or the default with the stack's name."""
    named = config.account.boundary or f"{config.name}-boundary"
    return named if named.startswith("arn:") else f"arn:{partition_of(config.region)}:iam::{account}:policy/{named}"


@functools.cache
def partition_of(region: str) -> str:
    """Return the partition of a Region, from botocore's lists and without a call.

    The shorter list, which clients read as well, has the names of all Regions of today.
    """
    from provisioner.aws.service_models import partitions, without_settings

    for partition in partitions():
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return str(partition["id"])
    return str(without_settings().get_partition_for_region(region))
