"""Tags of roles and instance profiles, which the tagging API does not list."""

from __future__ import annotations

from collections.abc import Mapping

from moto.iam.models import iam_backends

from ecs_emulator.authorization.tags import pairs


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a role or an instance profile."""
    backend, name = iam_backends[account]["aws"], resource.rpartition("/")[2]
    if resource.startswith("instance-profile/"):
        return pairs(backend.get_instance_profile(name).tags)
    return pairs(backend.get_role(name).tags) if resource.startswith("role/") else {}
