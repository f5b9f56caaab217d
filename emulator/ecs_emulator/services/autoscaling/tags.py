"""Tags of groups, which the tagging API does not list."""

from __future__ import annotations

from collections.abc import Mapping

from moto.autoscaling.models import autoscaling_backends

from ecs_emulator.authorization.tags import pairs


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a group."""
    group = autoscaling_backends[account][region].autoscaling_groups[resource.rpartition("/")[2]]
    return pairs(group.tags)
