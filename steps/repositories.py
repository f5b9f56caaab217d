"""Where the services' images are kept."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.step import Stack, step
from provisioner.kinds.ecr import Repository

UNTAGGED = 10
"""How many images without a tag are kept."""
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"Keep the last {UNTAGGED} untagged images",
            "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": UNTAGGED},
            "action": {"type": "expire"},
        }
    ]
}
"""Tagged images never expire: ECR goes by when an image was pushed, and does not know which ones services run, such as
one that was gone back to (aws/containers-roadmap#1078)."""


@dataclass(frozen=True)
class Repositories:
    """The repositories' URIs, by service."""

    uris: dict[str, str]


@step
def repositories(stack: Stack) -> Repositories:
    """Declare a repository a service: scanned on push, tags that stay with their image, which stays itself.

    A service with a ready image has one too, so that its image can be copied there or built later.
    """
    uris = {
        name: stack.ensure(
            Repository(name, f"{stack.name}/{name}", "IMMUTABLE", {"scanOnPush": True}, POLICY)
        ).repository_uri
        for name in stack.config.services
    }
    return Repositories(uris)
