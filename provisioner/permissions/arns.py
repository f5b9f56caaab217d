"""ARNs that commands need without the table of permissions, which imports every resource type."""

from __future__ import annotations

import functools
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
    """Return the partition of a Region, from botocore's list and without a call."""
    from provisioner.aws.service_models import without_settings

    return str(without_settings().get_partition_for_region(region))
