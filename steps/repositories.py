"""Where the services' images are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Stack, step
from provisioner.config.builds import repository_of
from provisioner.resources.ecr.images import IN_USE
from provisioner.resources.ecr.repository import Repository

UNTAGGED, TAGGED = 10, 20
"""How many images are kept of each sort."""
ALL = 9999
"""More images than services can run out of one repository."""


@dataclass(frozen=True)
class Repositories:
    """The repositories' URIs, by the service or job whose image is in them."""

    uris: dict[str, str]


@step
def repositories(stack: Stack) -> Repositories:
    """Declare a repository for each image: scanned on push, tags that stay with their image, old images expire.

    What a rule of a lower number selects no further one expires (ECR user guide, lifecycle policy evaluation rules):
    so the first one, which expires nothing, keeps what services run, however long ago that was pushed.

    A service with a ready image has one too: for the copy of an image from elsewhere, or one that is built later.
    """
    policy = {
        "rules": [
            _keep(1, "Keep what services run", ALL, "tagged", tagPatternList=[f"{IN_USE}*"]),
            _keep(2, f"Keep the last {UNTAGGED} untagged images", UNTAGGED, "untagged"),
            _keep(3, f"Keep the last {TAGGED} tagged images", TAGGED, "tagged", tagPatternList=["*"]),
        ]
    }
    key = stack.facts.kms_key
    encryption = {"encryptionType": "KMS", "kmsKey": key} if key else None
    uris = {
        name: stack.ensure(
            Repository(name, repository_of(stack.config, name), "IMMUTABLE", {"scanOnPush": True}, policy, encryption),
            keys={"encryption_configuration": "kms_key"},
        ).repository_uri
        for name in stack.config.images
    }
    return Repositories(uris)


def _keep(priority: int, description: str, count: int, status: str, **selection: Any) -> Mapping[str, Any]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": {"tagStatus": status, **selection, "countType": "imageCountMoreThan", "countNumber": count},
        "action": {"type": "expire"},
    }
