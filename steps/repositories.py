"""The repositories of the workloads' images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Stack, step
from provisioner.config.builds import repository_of
from provisioner.resources.ecr.images import IN_USE
from provisioner.resources.ecr.repository import Repository

UNTAGGED, TAGGED = 10, 20
"""The number of images to keep, untagged and tagged."""
ALL = 9999
"""A number of images that one repository's services never reach."""


@dataclass(frozen=True)
class Repositories:
    """The repositories' URIs, by the service or job whose image they hold."""

    uris: dict[str, str]


@step
def repositories(stack: Stack) -> Repositories:
    """Declare a repository for each image: scan on push, immutable tags, old images expire.

    Images that a rule selects are not expired by rules of a higher number (ECR user guide, lifecycle policy evaluation
    rules). So the first rule, which expires nothing, keeps the images that services run, however old they are.

    A service with a ready image has a repository, too: for the copy of an image from another registry, or one built
    later.
    """
    policy = {
        "rules": [
            _keep(1, "Keep the images of services", ALL, "tagged", tagPatternList=[f"{IN_USE}*"]),
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
